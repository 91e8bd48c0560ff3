using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Runs;
using Krait.Imaging;

namespace Krait.Training;

/// <summary>
/// Trains a network: validation after every epoch, the best weights by validation (never by test), early stop, a run
/// folder with all there is to know. A cancelled run writes a checkpoint and goes on bit for bit when resumed.
/// </summary>
public static class Trainer
{
    /// <summary>Starts a run.</summary>
    /// <param name="config">Resolved configuration; <c>data.root</c> is needed.</param>
    /// <param name="command">What the user typed, for command.txt.</param>
    /// <param name="progress">Called from the training thread after every step.</param>
    /// <param name="cancel">Ends the run after the current step, with a checkpoint.</param>
    /// <exception cref="ConfigException">If configuration or data cannot be used.</exception>
    /// <exception cref="Execution.MemoryLimitException">If it would not fit;
    /// the message names a batch that fits.</exception>
    /// <exception cref="Engine.NumericException">If the loss is no number any more.</exception>
    public static TrainResult Run(TrainConfig config, string command = "", IProgress<TrainProgress>? progress = null,
        CancellationToken cancel = default)
    {
        var read = new ImageReadOptions { MaxPixels = config.Data.MaxPixels };
        var data = OpenData(config, read);
        var splits = Splits.Of(data, config.Seed, config.Data.ValidationFraction, config.Data.TestFraction);
        config = CtSurvey.Complete(config, data, splits, read);
        using var run = new TrainingRun(config, data, splits, read, progress);
        run.Start(RunFolder.Create(config, data.Name, DateTime.Now), command);
        return run.Go(cancel);
    }

    /// <summary>Goes on with a run where its last checkpoint stands.</summary>
    /// <param name="folder">Run folder, or a file in its checkpoints.</param>
    /// <param name="overrides">Settings that change, such as ("epochs", "200").</param>
    /// <param name="progress">As for <see cref="Run"/>.</param>
    /// <param name="cancel">As for <see cref="Run"/>.</param>
    /// <exception cref="ConfigException">If it is no run folder, has no checkpoint,
    /// or the change is not possible.</exception>
    public static TrainResult Resume(string folder, IEnumerable<KeyValuePair<string, string>>? overrides = null,
        IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        var where = RunFolder.Open(folder);
        var config = TrainConfig.Load(where.Config, overrides);
        var read = new ImageReadOptions { MaxPixels = config.Data.MaxPixels };
        var data = OpenData(config, read);
        var splits = Splits.FromJson(File.ReadAllText(where.SplitsFile), data);
        using var run = new TrainingRun(config, data, splits, read, progress);
        run.Resume(where);
        return run.Go(cancel);
    }

    private static Dataset OpenData(TrainConfig config, ImageReadOptions read) => Dataset.Open(config.Data.Root ??
        throw new ConfigException("data.root: a data folder is needed; got none."), read);
}
