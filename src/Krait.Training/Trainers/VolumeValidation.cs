using Krait.Training.Data;

namespace Krait.Training;

/// <summary>Whole volumes on the grid that the network sees, by overlapping patches;
/// the next is read meanwhile.</summary>
/// <param name="samples">At least one.</param>
/// <param name="reader">Prepares them.</param>
/// <param name="cacheBytes">Memory for prepared volumes.</param>
internal sealed class VolumeValidation(IReadOnlyList<Sample> samples, VolumeReader reader, long cacheBytes)
    : IValidation
{
    private readonly PreparedVolume?[] kept = new PreparedVolume?[samples.Count];
    private long keptBytes;

    public ValidationScores? Run(Predictor predictor, Action<int> report, CancellationToken cancel)
    {
        var sum = new ValidationSum(predictor.Model);
        var next = Task.Run(() => Read(0), cancel);
        for (int i = 0; i < samples.Count; i++)
        {
            if (cancel.IsCancellationRequested) return null;
            var volume = next.GetAwaiter().GetResult();
            int ahead = i + 1;
            if (ahead < samples.Count) next = Task.Run(() => Read(ahead), cancel);
            sum.Add(VolumeInference.Logits(volume.Image, volume.Size, predictor, cancel), volume.Target);
            report(ahead);
        }
        return sum.Scores();
    }

    private PreparedVolume Read(int index)
    {
        if (kept[index] is { } known) return known;
        var volume = (PreparedVolume)reader.Read(samples[index]);
        if (keptBytes + volume.Bytes > cacheBytes) return volume;
        keptBytes += volume.Bytes;
        return kept[index] = volume;
    }
}
