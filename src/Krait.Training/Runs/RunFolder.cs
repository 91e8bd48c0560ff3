using System.Globalization;
using System.Text;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Runs;

/// <summary>
/// The folder of one training run:
/// <code>
/// config.yaml command.txt environment.json dataset.json splits.json fingerprint.json log.txt metrics.csv metrics.jsonl
/// events.out.tfevents.* curves.svg curves.png samples/epoch_010/*.png checkpoints/{best,last}.safetensors report.md
/// DONE|FAILED
/// </code>
/// </summary>
public sealed class RunFolder
{
    private RunFolder(string path)
    {
        Root = path;
        Directory.CreateDirectory(Checkpoints);
    }

    /// <summary>Absolute path.</summary>
    public string Root { get; }

    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>Weights with the best validation score so far.</summary>
    public string BestWeights => Path.Combine(Checkpoints, "best.safetensors");

    /// <summary>Weights after the last complete epoch, what resume goes on from.</summary>
    public string LastWeights => Path.Combine(Checkpoints, "last.safetensors");

    /// <summary>State, weights and optimizer for an exact resume.</summary>
    public string State => Path.Combine(Checkpoints, "trainer_state.safetensors");

    public string Config => Path.Combine(Root, "config.yaml");
    public string SplitsFile => Path.Combine(Root, "splits.json");
    public string Metrics => Path.Combine(Root, "metrics.csv");
    public string Scalars => Path.Combine(Root, "metrics.jsonl");
    public string Fingerprint => Path.Combine(Root, "fingerprint.json");

    /// <summary>What happened when, for people.</summary>
    public string Log => Path.Combine(Root, "log.txt");

    public string Report => Path.Combine(Root, "report.md");

    /// <summary>Event file: an existing one, or a new name.</summary>
    public string Events => Directory.EnumerateFiles(Root, "events.out.tfevents.*").Order().FirstOrDefault() ??
        Path.Combine(Root, FormattableString.Invariant(
            $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.krait"));

    /// <summary>Makes a folder that was not there: runs/2026-11-21_0930_vmunet_isic18_s42,
    /// or the configured name.</summary>
    /// <exception cref="ConfigException">If the configured name exists already.</exception>
    public static RunFolder Create(TrainConfig config, string datasetName, DateTime now)
    {
        string time = now.ToString("yyyy-MM-dd_HHmm", CultureInfo.InvariantCulture);
        string name = config.Name
            ?? FormattableString.Invariant($"{time}_{config.Model.Id}_{Plain(datasetName)}_s{config.Seed}");
        string path = Path.GetFullPath(Path.Combine(config.Runs, name));
        if (config.Name is not null && File.Exists(Path.Combine(path, "config.yaml")))
            throw new ConfigException($"{path}: holds a run already. Resume it, or choose another name.");
        for (int n = 2; config.Name is null && Directory.Exists(path); n++)
            path = Path.GetFullPath(Path.Combine(config.Runs, FormattableString.Invariant($"{name}_{n}")));
        return new RunFolder(path);
    }

    /// <summary>Opens the folder of an earlier run.</summary>
    /// <param name="path">The folder, or a file in its checkpoints.</param>
    /// <exception cref="ConfigException">If it is no run folder.</exception>
    public static RunFolder Open(string path)
    {
        string full = Path.GetFullPath(path);
        if (File.Exists(full)) full = Path.GetDirectoryName(Path.GetDirectoryName(full)!)!;
        return File.Exists(Path.Combine(full, "config.yaml")) ? new RunFolder(full)
            : throw new ConfigException($"{path}: no run folder (it has no config.yaml).");
    }

    /// <summary>Folder for the overlays of an epoch, made when asked for.</summary>
    public string Samples(int epoch) => Directory.CreateDirectory(
        Path.Combine(Root, "samples", FormattableString.Invariant($"epoch_{epoch:000}"))).FullName;

    /// <summary>Writes what is known before the first step.</summary>
    public void WriteStart(TrainConfig config, string command, string environmentJson, string datasetJson,
        Splits splits)
    {
        RunFile.WriteText(Config, config.ToYaml());
        RunFile.WriteText(Path.Combine(Root, "command.txt"), command + "\n");
        RunFile.WriteText(Path.Combine(Root, "environment.json"), environmentJson + "\n");
        RunFile.WriteText(Path.Combine(Root, "dataset.json"), datasetJson + "\n");
        RunFile.WriteText(SplitsFile, splits.ToJson() + "\n");
        MarkUnfinished();
    }

    /// <summary>Takes away DONE and FAILED when a run goes on.</summary>
    public void MarkUnfinished()
    {
        File.Delete(Path.Combine(Root, "DONE"));
        File.Delete(Path.Combine(Root, "FAILED"));
    }

    /// <summary>Marks the run as complete.</summary>
    public void MarkDone(string text) => RunFile.WriteText(Path.Combine(Root, "DONE"), text + "\n");

    /// <summary>Marks the run as failed, with the reason.</summary>
    public void MarkFailed(string text) => RunFile.WriteText(Path.Combine(Root, "FAILED"), text + "\n");

    private static string Plain(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name.ToLowerInvariant())
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.') text.Append(c);
            else if (text.Length > 0 && text[^1] != '-') text.Append('-');
        return text.Length == 0 ? "data" : text.ToString();
    }
}
