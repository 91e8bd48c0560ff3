using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Training;
using Krait.Training.Execution;

namespace Krait.Cli;

/// <summary>Shows a training run on the error stream while it goes, and its outcome on standard output.</summary>
sealed class TrainView(CommandContext context) : IProgress<TrainProgress>, IDisposable
{
    ProgressLine? _line;
    (TrainPhase Phase, int Epoch) _shown;

    public void Report(TrainProgress p)
    {
        if (p.Phase == TrainPhase.Start)
        {
            Start(p);
            return;
        }
        if (p.Completed is { } epoch)
        {
            Complete(epoch, p.Epochs);
            return;
        }
        if (_line is null || _shown != (p.Phase, p.Epoch))
        {
            _line?.Dispose();
            string unit = p.Phase == TrainPhase.Train ? "batches" : "pictures";
            _line = context.Progress(Title(p), unit);
            _shown = (p.Phase, p.Epoch);
        }
        _line.Report(p.Done, p.Total, Title(p), double.IsNaN(p.Loss) ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"loss {p.Loss:0.0000}, {p.PicturesPerSecond:0.0} pictures/s"));
    }

    public void Dispose() => _line?.Dispose();

    /// <summary>Writes the outcome; returns the exit code.</summary>
    public int Finish(TrainResult result)
    {
        _line?.Dispose();
        string report = Path.Combine(result.RunFolder, "report.md");
        if (context.IsJson)
            context.WriteJson(new JsonObject
            {
                ["run"] = result.RunFolder,
                ["epochs"] = result.Epochs,
                ["best_epoch"] = result.BestEpoch,
                ["best_validation_dice"] = double.IsNaN(result.BestDice) ? null : result.BestDice,
                ["interrupted"] = result.IsInterrupted,
                ["stopped_early"] = result.IsStoppedEarly,
                ["seconds"] = result.Seconds,
                ["weights"] = Path.Combine(result.RunFolder, "checkpoints", "best.safetensors"),
            });
        else if (!result.IsInterrupted)
            context.Write(string.Create(CultureInfo.InvariantCulture,
                $"{result.Epochs} epochs in {ProgressLine.Duration(TimeSpan.FromSeconds(result.Seconds))}, "
                + $"best epoch {result.BestEpoch}, validation DSC {result.BestDice:0.0000}\nreport: {report}"));
        if (!result.IsInterrupted)
            return ExitCode.Success;
        context.Terminal.Error.WriteLine(
            $"stopped; everything is saved. Go on with: krait train --resume {result.RunFolder}");
        return context.Terminal.StopCode;
    }

    static string Title(TrainProgress p) => p.Phase switch
    {
        TrainPhase.Train => $"epoch {p.Epoch}/{p.Epochs}",
        TrainPhase.Validate => $"epoch {p.Epoch}/{p.Epochs} validation",
        _ => "evaluation",
    };

    void Start(TrainProgress p)
    {
        context.Note($"run    {p.RunFolder}");
        if (p.Note is { } note)
            context.Note(note);
        if (p.Memory is not { } memory)
            return;
        string recomputed = memory.RecomputedBlocks > 0 ? $", {memory.RecomputedBlocks} blocks recomputed" : "";
        context.Note($"memory activations {MemoryForecast.Format(memory.ArenaBytes)}, "
            + $"process about {MemoryForecast.Format(memory.ProcessBytes)}{recomputed}");
    }

    void Complete(EpochMetrics epoch, int epochs)
    {
        _line?.Dispose();
        _line = null;
        TimeSpan left = TimeSpan.FromSeconds(epoch.Seconds * (epochs - epoch.Epoch));
        string ending = (epoch.Epoch < epochs ? $", {ProgressLine.Duration(left)} left" : "")
            + (epoch.IsBest ? "  best" : "");
        context.Note(string.Create(CultureInfo.InvariantCulture,
            $"epoch {epoch.Epoch,3}/{epochs}  loss {epoch.TrainLoss:0.0000}  val DSC {epoch.Dice:0.0000}  "
            + $"mIoU {epoch.MeanIoU:0.0000}  lr {epoch.LearningRate:0.0e+0}  {epoch.PicturesPerSecond:0.0} pictures/s  "
            + $"{ProgressLine.Duration(TimeSpan.FromSeconds(epoch.Seconds))}{ending}"));
    }
}
