using Krait.Training.Data;

namespace Krait.Training.Metrics;

/// <summary>
/// Scores of one picture. Rule for empty masks, as in nnU-Net: a class that is neither predicted nor in the reference
/// has no score there (NaN) and is left out of every mean; a class in only one of the two scores 0.
/// </summary>
/// <param name="Name">The picture's name.</param>
/// <param name="Dice">Mean DSC over the foreground classes or regions that have a score; NaN if none has.</param>
/// <param name="IoU">Mean IoU in the same way.</param>
/// <param name="ClassDice">DSC of each foreground class, class 1 first, or of each region; NaN where undefined.</param>
/// <param name="ReferenceIsEmpty">No foreground pixel in the reference.</param>
/// <param name="PredictionIsEmpty">No foreground pixel in the prediction.</param>
public sealed record ImageScores(string Name, double Dice, double IoU, IReadOnlyList<double> ClassDice,
    bool ReferenceIsEmpty, bool PredictionIsEmpty)
{
    /// <summary>What <see cref="CaseMeasures"/> gave beside.</summary>
    public IReadOnlyList<(string Name, double Value)> More { get; init; } = [];

    /// <summary>Scores a prediction against its reference, both maps of class numbers.</summary>
    public static ImageScores Of(string name, ReadOnlySpan<byte> predicted, ReadOnlySpan<byte> reference, int classes)
    {
        var matrix = new ConfusionMatrix(classes);
        matrix.Add(predicted, reference);
        return Of(name, matrix);
    }

    /// <summary>Scores the confusion matrix of one picture.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="matrix">Its counts.</param>
    /// <param name="regions">What is scored; null: each foreground class.</param>
    public static ImageScores Of(string name, ConfusionMatrix matrix, IReadOnlyList<LabelRegion>? regions = null)
    {
        BinaryCounts[] each = [.. (regions ?? LabelRegion.EachOf(matrix.Classes)).Select(r => matrix.Of(r.Classes))];
        long backgroundReference = Enumerable.Range(0, matrix.Classes).Sum(k => matrix[0, k]);
        long backgroundPredicted = Enumerable.Range(0, matrix.Classes).Sum(k => matrix[k, 0]);
        return new ImageScores(name, MeanOfDefined(each.Select(x => x.Dice)), MeanOfDefined(each.Select(x => x.IoU)),
            [.. each.Select(x => x.Dice)], backgroundReference == matrix.Total, backgroundPredicted == matrix.Total);
    }

    private static double MeanOfDefined(IEnumerable<double> values)
    {
        double[] defined = [.. values.Where(x => !double.IsNaN(x))];
        return defined.Length == 0 ? double.NaN : defined.Average();
    }
}
