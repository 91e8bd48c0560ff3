using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training;

/// <summary>Scores of the validation samples at the training size.</summary>
internal sealed record ValidationScores(PooledScores Pooled, Summary Dice, double CrossEntropy)
{
    /// <summary>What decides on the best weights: mean DSC of the samples that have one.</summary>
    public double Score => double.IsNaN(Dice.Mean) ? 0 : Dice.Mean;
}

/// <summary>Gathers the scores of one pass over the validation samples.</summary>
internal sealed class ValidationSum(TrainedModel model)
{
    private readonly ConfusionMatrix total = new(model.Classes.Count);
    private readonly List<double> dice = [];
    private double entropy;

    /// <summary>Adds a sample.</summary>
    /// <param name="logits">K values a position; become probabilities.</param>
    /// <param name="target">Class numbers, or <see cref="MaskCoding.Ignored"/>; 0..1 for a binary mask that was resized
    /// bilinearly.</param>
    public void Add(Span<float> logits, ReadOnlySpan<float> target)
    {
        model.Readout.ToProbabilities(logits);
        var reference = new byte[target.Length];
        for (int i = 0; i < reference.Length; i++)
            reference[i] = (byte)MathF.Round(target[i], MidpointRounding.AwayFromZero);
        var matrix = new ConfusionMatrix(model.Classes.Count);
        matrix.Add(model.Readout.ToLabels(logits), reference);
        total.Add(matrix);
        dice.Add(ImageScores.Of("", matrix, model.Scored).Dice);
        entropy += CrossEntropy(logits, target);
    }

    public ValidationScores Scores() => new(total.Pooled(model.Scored), Summary.Of(dice), entropy / dice.Count);

    // Mean over the positions of one sample that count, and over regions.
    private double CrossEntropy(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> target)
    {
        double sum = 0;
        int counted = 0;
        for (int i = 0; i < target.Length; i++)
        {
            if (target[i] == MaskCoding.Ignored) continue;
            sum += Surprise(probabilities.Slice(i * model.Outputs, model.Outputs), target[i]);
            counted++;
        }
        return sum / Math.Max(1, counted);
    }

    private double Surprise(ReadOnlySpan<float> probabilities, float target)
    {
        if (!model.Readout.IsSigmoid) return -Log(probabilities[(int)target]);
        if (model.Regions.Count == 0) return Binary(probabilities[0], target);
        double sum = 0;
        for (int r = 0; r < probabilities.Length; r++)
            sum += Binary(probabilities[r], model.Regions[r].Classes.Contains((int)target) ? 1 : 0);
        return sum / probabilities.Length;
    }

    private static double Binary(double p, double target) => -(target * Log(p) + (1 - target) * Log(1 - p));

    // Probabilities are kept off 0 as log(0) has no use in a curve.
    private static double Log(double p) => Math.Log(Math.Max(1e-7, p));
}
