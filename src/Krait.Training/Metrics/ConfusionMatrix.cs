using Krait.Training.Data;

namespace Krait.Training.Metrics;

/// <summary>
/// Counts of (reference class, predicted class) pairs, pooled over all pixels that were added; class 0 is background.
/// Pixels whose reference is ignored are not counted.
/// </summary>
/// <remarks>
/// The scores printed by the VM-UNet papers are pooled: one matrix for all pixels of all pictures. Large objects
/// dominate them; <see cref="ImageScores"/> gives the scores of each picture.
/// </remarks>
public sealed class ConfusionMatrix
{
    private readonly long[] counts;

    /// <param name="classes">Number of classes including background, at least 2.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        Classes = classes;
        counts = new long[classes * classes];
    }

    /// <summary>Number of classes including background.</summary>
    public int Classes { get; }

    /// <summary>Pixels of reference class <paramref name="reference"/> predicted as
    /// <paramref name="predicted"/>.</summary>
    public long this[int reference, int predicted] => counts[reference * Classes + predicted];

    /// <summary>All pixels added so far.</summary>
    public long Total => counts.Sum();

    /// <summary>Adds label maps of equal length.</summary>
    /// <exception cref="ArgumentException">If lengths differ or a label is no class.</exception>
    public void Add(ReadOnlySpan<byte> predicted, ReadOnlySpan<byte> reference)
    {
        if (predicted.Length != reference.Length)
            throw new ArgumentException($"confusion: both maps need one size; got {predicted.Length} predicted and " +
                $"{reference.Length} reference pixels.");
        for (int i = 0; i < predicted.Length; i++)
        {
            if (reference[i] == MaskCoding.Ignored) continue;
            if (predicted[i] >= Classes || reference[i] >= Classes)
                throw new ArgumentException($"confusion: labels must lie in 0..{Classes - 1}; got predicted " +
                    $"{predicted[i]}, reference {reference[i]} at pixel {i}.");
            counts[reference[i] * Classes + predicted[i]]++;
        }
    }

    /// <summary>
    /// Adds probabilities of one foreground class: foreground where <c>p &gt;= threshold</c>, reference foreground
    /// where
    /// <c>t &gt;= targetThreshold</c>.
    /// </summary>
    public void AddBinary(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> reference, float threshold = 0.5f,
        float targetThreshold = 0.5f)
    {
        if (probabilities.Length != reference.Length)
            throw new ArgumentException($"confusion: both maps need one size; got {probabilities.Length} predicted " +
                $"and {reference.Length} reference pixels.");
        for (int i = 0; i < probabilities.Length; i++)
            counts[(reference[i] >= targetThreshold ? Classes : 0) + (probabilities[i] >= threshold ? 1 : 0)]++;
    }

    /// <summary>Adds the counts of another matrix of as many classes.</summary>
    public void Add(ConfusionMatrix other)
    {
        if (other.Classes != Classes)
            throw new ArgumentException($"confusion: {Classes} classes here, {other.Classes} in the other matrix.");
        for (int i = 0; i < counts.Length; i++) counts[i] += other.counts[i];
    }

    /// <summary>Class <paramref name="c"/> against all others.</summary>
    public BinaryCounts Of(int c) => Of([c]);

    /// <summary>A union of classes against all others.</summary>
    public BinaryCounts Of(IReadOnlyList<int> classes)
    {
        long tp = 0, reference = 0, predicted = 0;
        foreach (int c in classes)
        {
            foreach (int k in classes) tp += this[c, k];
            for (int k = 0; k < Classes; k++)
            {
                reference += this[c, k];
                predicted += this[k, c];
            }
        }
        return new BinaryCounts(tp, predicted - tp, reference - tp, Total - predicted - reference + tp);
    }

    /// <summary>
    /// The pooled scores as the papers print them. Two classes: of the foreground class. More: means over the
    /// foreground classes, or the regions given, that occur in prediction or reference; Acc is the share of pixels with
    /// the right class, and the mean IoU with background is one of classes.
    /// </summary>
    public PooledScores Pooled(IReadOnlyList<LabelRegion>? regions = null)
    {
        long right = 0;
        List<BinaryCounts> present =
            [.. (regions ?? LabelRegion.EachOf(Classes)).Select(r => Of(r.Classes)).Where(x => !x.IsEmpty)];
        double iouAll = 0;
        int classesAll = 0;
        for (int c = 0; c < Classes; c++)
        {
            var one = Of(c);
            right += one.TruePositive;
            if (one.IsEmpty) continue;
            iouAll += one.IoU;
            classesAll++;
        }
        double Mean(Func<BinaryCounts, double> score) =>
            present.Count == 0 ? 0 : present.Average(x => ZeroIfNone(score(x)));
        return new PooledScores
        {
            MeanIoU = Mean(x => x.IoU),
            MeanIoUWithBackground = classesAll == 0 ? 0 : iouAll / classesAll,
            Dice = Mean(x => x.Dice),
            Accuracy = Total == 0 ? 0 : (double)right / Total,
            Sensitivity = Mean(x => x.Sensitivity),
            Specificity = present.Count == 0 && Classes == 2 ? ZeroIfNone(Of(1).Specificity) : Mean(x => x.Specificity),
        };
    }

    // Parity: the published evaluation prints 0 where a score has no denominator.
    private static double ZeroIfNone(double score) => double.IsNaN(score) ? 0 : score;
}
