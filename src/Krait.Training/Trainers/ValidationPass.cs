using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training;

/// <summary>Scores of the validation samples at the training size.</summary>
internal sealed record ValidationScores(PooledScores Pooled, Summary Dice, double CrossEntropy)
{
    /// <summary>What decides on the best weights: mean DSC of the pictures that have one.</summary>
    public double Score => double.IsNaN(Dice.Mean) ? 0 : Dice.Mean;
}

/// <summary>One pass over the validation samples.</summary>
internal static class ValidationPass
{
    /// <summary>Runs; null if it was cancelled.</summary>
    public static ValidationScores? Run(Predictor predictor, BatchLoader loader, Action<int> report,
        CancellationToken cancel)
    {
        var p = loader.Preprocessing;
        int outputs = predictor.Model.Outputs, classes = predictor.Model.Classes.Count, pixels = p.Height * p.Width;
        var total = new ConfusionMatrix(classes);
        var dice = new List<double>();
        double entropy = 0;
        int done = 0;
        foreach (var batch in loader.Epoch(0))
        {
            if (cancel.IsCancellationRequested) return null;
            float[] scores = predictor.Logits(batch.Image, loader.BatchSize, p.Height, p.Width);
            Prediction.ToProbabilities(scores, outputs);
            for (int b = 0; b < batch.Count; b++)
            {
                var probabilities = scores.AsSpan(b * pixels * outputs, pixels * outputs);
                var target = batch.Target.AsSpan(b * pixels, pixels);
                byte[] reference = Array.ConvertAll(target.ToArray(), t => (byte)(outputs == 1 ? t >= 0.5f ? 1 : 0 : t));
                var matrix = new ConfusionMatrix(classes);
                matrix.Add(Prediction.ToLabels(probabilities, outputs), reference);
                total.Add(matrix);
                dice.Add(ImageScores.Of("", matrix).Dice);
                entropy += CrossEntropy(probabilities, target, outputs);
            }
            report(done += batch.Count);
        }
        return new ValidationScores(total.Pooled(), Summary.Of(dice), entropy / done);
    }

    // Mean over the pixels of one picture; probabilities are kept off 0 as log(0) has no use in a curve.
    private static double CrossEntropy(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> target, int outputs)
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
