using Krait.Training.Metrics;

namespace Krait.Training;

/// <summary>Scores of the validation samples at the training size.</summary>
internal sealed record ValidationScores(PooledScores Pooled, Summary Dice, double CrossEntropy)
{
    /// <summary>What decides on the best weights: mean DSC of the samples that have one.</summary>
    public double Score => double.IsNaN(Dice.Mean) ? 0 : Dice.Mean;
}

/// <summary>Gathers the scores of one pass over the validation samples.</summary>
internal sealed class ValidationSum(int classes, int outputs)
{
    private readonly ConfusionMatrix total = new(classes);
    private readonly List<double> dice = [];
    private double entropy;

    /// <summary>Adds a sample.</summary>
    /// <param name="logits">K values a position; become probabilities.</param>
    /// <param name="target">Class numbers; 0..1 for a binary mask that was resized bilinearly.</param>
    public void Add(Span<float> logits, ReadOnlySpan<float> target)
    {
        Prediction.ToProbabilities(logits, outputs);
        var reference = new byte[target.Length];
        for (int i = 0; i < reference.Length; i++)
            reference[i] = (byte)(outputs == 1 ? target[i] >= 0.5f ? 1 : 0 : target[i]);
        var matrix = new ConfusionMatrix(classes);
        matrix.Add(Prediction.ToLabels(logits, outputs), reference);
        total.Add(matrix);
        dice.Add(ImageScores.Of("", matrix).Dice);
        entropy += CrossEntropy(logits, target);
    }

    public ValidationScores Scores() => new(total.Pooled(), Summary.Of(dice), entropy / dice.Count);

    // Mean over the positions of one sample; probabilities are kept off 0 as log(0) has no use in a curve.
    private double CrossEntropy(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> target)
    {
        const double Least = 1e-7;
        double sum = 0;
        for (int i = 0; i < target.Length; i++)
            sum -= outputs == 1
                ? target[i] * Math.Log(Math.Max(Least, probabilities[i])) +
                    (1 - target[i]) * Math.Log(Math.Max(Least, 1 - (double)probabilities[i]))
                : Math.Log(Math.Max(Least, probabilities[i * outputs + (int)target[i]]));
        return sum / target.Length;
    }
}
