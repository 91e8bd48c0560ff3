using Krait.Training.Data;

namespace Krait.Training;

/// <summary>Pictures at the training size, in batches.</summary>
internal sealed class PictureValidation(BatchLoader loader) : IValidation
{
    public ValidationScores? Run(Predictor predictor, Action<int> report, CancellationToken cancel)
    {
        var p = loader.Preprocessing;
        int outputs = predictor.Model.Outputs, pixels = p.Input.Voxels, done = 0;
        var sum = new ValidationSum(predictor.Model);
        foreach (var batch in loader.Epoch(0))
        {
            if (cancel.IsCancellationRequested) return null;
            float[] logits = predictor.Logits(batch.Image, p.InputShape(loader.BatchSize, p.Channels));
            for (int b = 0; b < batch.Count; b++)
                sum.Add(logits.AsSpan(b * pixels * outputs, pixels * outputs), batch.Target.AsSpan(b * pixels, pixels));
            report(done += batch.Count);
        }
        return sum.Scores();
    }
}
