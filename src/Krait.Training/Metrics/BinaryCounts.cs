namespace Krait.Training.Metrics;

/// <summary>Pixel counts of one class against the rest. A score without a denominator is NaN: undefined.</summary>
public readonly record struct BinaryCounts(long TruePositive, long FalsePositive, long FalseNegative, long TrueNegative)
{
    /// <summary>Neither predicted nor in the reference.</summary>
    public bool IsEmpty => TruePositive + FalsePositive + FalseNegative == 0;

    /// <summary>2 TP / (2 TP + FP + FN); the field writes DSC or F1.</summary>
    public double Dice => Ratio(2 * TruePositive, 2 * TruePositive + FalsePositive + FalseNegative);

    /// <summary>TP / (TP + FP + FN), the Jaccard index. Dice = 2 IoU / (1 + IoU), so the two say the same.</summary>
    public double IoU => Ratio(TruePositive, TruePositive + FalsePositive + FalseNegative);

    /// <summary>(TP + TN) / all.</summary>
    public double Accuracy =>
        Ratio(TruePositive + TrueNegative, TruePositive + FalsePositive + FalseNegative + TrueNegative);

    /// <summary>TP / (TP + FN), recall.</summary>
    public double Sensitivity => Ratio(TruePositive, TruePositive + FalseNegative);

    /// <summary>TN / (TN + FP).</summary>
    public double Specificity => Ratio(TrueNegative, TrueNegative + FalsePositive);

    private static double Ratio(long part, long whole) => whole == 0 ? double.NaN : (double)part / whole;
}
