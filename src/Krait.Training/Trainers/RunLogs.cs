using Krait.Training.Runs;

namespace Krait.Training;

/// <summary>The logs of a run: three of figures, cut back to a resumed epoch and written together,
/// and one of words.</summary>
internal sealed class RunLogs : IDisposable
{
    private readonly ScalarLog scalars;
    private readonly EventFile events;

    /// <param name="folder">Run folder.</param>
    /// <param name="lastEpoch">Complete epochs; rows and events beyond are cut off.</param>
    /// <param name="lastStep">Complete steps; null starts all logs anew.</param>
    public RunLogs(RunFolder folder, int lastEpoch, long? lastStep)
    {
        Text = new TextLog(folder.Log);
        Table = MetricsTable.Open(folder.Metrics, EpochMetrics.Columns, lastEpoch);
        scalars = ScalarLog.Open(folder.Scalars, lastStep);
        events = EventFile.Open(folder.Events, lastStep is null ? null : lastEpoch);
    }

    public MetricsTable Table { get; }

    /// <summary>log.txt.</summary>
    public TextLog Text { get; }

    /// <summary>A line of metrics.jsonl for a step; flushed with the epoch.</summary>
    public void Step(long step, int epoch, double seconds, double loss, double rate, double gradientNorm)
    {
        var values = new List<KeyValuePair<string, double>> { new("loss", loss), new("lr", rate) };
        if (!double.IsNaN(gradientNorm)) values.Add(new("gradient_norm", gradientNorm));
        scalars.Add(step, epoch, seconds, values);
    }

    /// <summary>A row, a line and an event for an epoch, flushed.</summary>
    public void Epoch(EpochMetrics metrics, long step, double seconds)
    {
        double[] row = metrics.Row();
        Table.Add(row);
        var values = EpochMetrics.Columns.Zip(row, KeyValuePair.Create).Skip(1).ToList();
        scalars.Add(step, metrics.Epoch, seconds, values);
        scalars.Flush();
        Text.Add(FormattableString.Invariant(
            $"epoch {metrics.Epoch}: loss {metrics.TrainLoss:0.0000}, DSC {metrics.Dice:0.0000}")
            + FormattableString.Invariant(
                $"{(metrics.IsBest ? " (best)" : "")}, rate {metrics.LearningRate:0.###e+0}, ")
            + FormattableString.Invariant($"{metrics.PicturesPerSecond:0.0} pictures/s, {metrics.Seconds:0.0} s"));
        events.Add(metrics.Epoch, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0,
            values.Select(v => KeyValuePair.Create(v.Key.StartsWith("val_", StringComparison.Ordinal)
                ? "val/" + v.Key[4..] : "train/" + v.Key, v.Value)));
        events.Flush();
    }

    public void Dispose()
    {
        Text.Dispose();
        Table.Dispose();
        scalars.Dispose();
        events.Dispose();
    }
}
