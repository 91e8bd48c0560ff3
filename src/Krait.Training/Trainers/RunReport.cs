using System.Globalization;
using System.Text;
using System.Text.Json;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;
using Krait.Training.Execution;
using Krait.Training.Runs;

namespace Krait.Training;

/// <summary>What a run says of itself: dataset.json, the note at the start, report.md at the end.</summary>
internal static class RunReport
{
    /// <summary>The data as it was used.</summary>
    public static string DatasetJson(Dataset data, Splits splits)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("name", data.Name);
            json.WriteString("root", data.Root);
            json.WriteString("masks", data.Coding.Describe());
            json.WriteBoolean("masks_declared", data.CodingIsDeclared);
            json.WriteStartArray("classes");
            foreach (var c in data.Classes)
            {
                json.WriteStartObject();
                json.WriteString("name", c.Name);
                json.WriteString("color", c.Color.ToString());
                if (c.Value is { } value) json.WriteNumber("value", value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (data.Regions.Count > 0) WriteRegions(json, data);
            json.WriteString("split", splits.Origin);
            json.WriteNumber("train", splits.Train.Count);
            json.WriteNumber("val", splits.Val.Count);
            json.WriteNumber("test", splits.Test.Count);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteRegions(Utf8JsonWriter json, Dataset data)
    {
        json.WriteStartArray("regions");
        foreach (var r in data.Regions)
        {
            json.WriteStartObject();
            json.WriteString("name", r.Name);
            json.WriteStartArray("classes");
            foreach (int c in r.Classes) json.WriteStringValue(data.Classes[c].Name);
            json.WriteEndArray();
            json.WriteString("label", data.Classes[r.Label].Name);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Lines for people before the first step.</summary>
    public static string Note(Dataset data, Splits splits, TrainedModel model)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"data   {data.Name}: {Counts(splits)} ({splits.Origin})");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"masks  {data.Coding.Describe()} ({(data.CodingIsDeclared ? "declared" : "found out")})");
        if (data.Regions.Count > 0)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"learns regions {string.Join(", ", data.Regions.Select(r => r.Name))}");
        text.Append(CultureInfo.InvariantCulture,
            $"model  {model.Network.Id}, {model.Network.Store.WeightCount / 1e6:0.00} M parameters");
        if (model.Coverage is { } coverage) text.AppendLine().Append(coverage.ToText());
        int alone = data.Parts.Sum(p => p.ImagesAlone.Count + p.MasksAlone.Count + p.Ambiguous.Count);
        if (alone > 0) text.AppendLine().Append(CultureInfo.InvariantCulture,
            $"note   {alone} files have no partner and are not used; `krait data verify` lists them");
        return text.ToString();
    }

    /// <summary>A line that says so where the files are others than when the run began; else nothing.</summary>
    public static string ChangedData(RunFolder folder, Splits splits)
    {
        if (!File.Exists(folder.Fingerprint) ||
            DataFingerprint.FromJson(File.ReadAllText(folder.Fingerprint)) is not { } earlier) return "";
        var changed = DataFingerprint.Of(splits).ChangedSince(earlier);
        return changed.Count == 0 ? ""
            : $"\nnote   the data have changed since the run began: {string.Join(", ", changed)}. "
            + "It goes on, but not to the same bits";
    }

    /// <summary>Evaluates the best weights on val and test, writes eval/ and report.md;
    /// returns a line on the outcome.</summary>
    public static string Write(RunFolder folder, TrainConfig config, Dataset data, Splits splits, TrainerState state,
        Predictor predictor, ImageReadOptions read, bool stoppedEarly, Action<int> report, CancellationToken cancel)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {config.Model.Id} on {data.Name}\n\n");
        text.Append("Research use; not a medical device.\n\n");
        text.Append(CultureInfo.InvariantCulture,
            $"- Data: {Counts(splits)}; split {splits.Origin}; masks: {data.Coding.Describe()}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"- Model: {config.Model.Id}, {predictor.Model.Network.Store.WeightCount / 1e6:0.00} M parameters, ");
        text.Append(CultureInfo.InvariantCulture,
            $"{InputOf(config.Preprocessing)}, started from {config.Model.Weights ?? "fresh weights"}\n");
        text.Append(CultureInfo.InvariantCulture, $"- Epochs: {state.Epoch} in {Duration(state.Seconds)}");
        text.Append(stoppedEarly ? ", stopped early\n" : "\n");
        text.Append(CultureInfo.InvariantCulture,
            $"- Best weights: epoch {state.BestEpoch} by validation (DSC {state.BestScore:0.0000} at the training ");
        text.Append("size)\n");
        text.Append(CultureInfo.InvariantCulture,
            $"- Krait {RunEnvironment.Version}; everything else in config.yaml\n\n");
        text.Append("![curves](curves.png)\n");
        int done = 0;
        foreach (var (name, samples) in new[] { ("val", splits.Val), ("test", splits.Test) })
        {
            if (samples.Count == 0) continue;
            int before = done;
            var scores = Evaluator.Run(predictor, samples, data.Coding, new EvaluationOptions
            {
                Seed = config.Seed,
                Read = read,
                OverlayFolder = Path.Combine(folder.Root, "eval", name, "overlays"),
            }, new Relay(n => report(before + n)), cancel);
            done += samples.Count;
            string where = Path.Combine(folder.Root, "eval", name);
            EvaluationReport.Write(where, scores,
                [("weights", "checkpoints/best.safetensors"), ("part", name), ("size", "native")]);
            text.Append(CultureInfo.InvariantCulture,
                $"\n## {name}: {samples.Count} {(data.IsVolumes ? "volumes" : "pictures")} at their own size\n\n");
            if (name == "val") text.Append("These chose the weights: the figures flatter.\n\n");
            text.Append(EvaluationReport.ToMarkdown(scores, []));
            text.Append(CultureInfo.InvariantCulture,
                $"\nOverlays (green hit, orange false alarm, blue miss): eval/{name}/overlays; figures: eval/{name}\n");
        }
        RunFile.WriteText(folder.Report, text.ToString());
        return FormattableString.Invariant($"{state.Epoch} epochs in {Duration(state.Seconds)}, ")
            + FormattableString.Invariant($"best epoch {state.BestEpoch}, validation DSC {state.BestScore:0.0000}");
    }

    private static string InputOf(Preprocessing p) => p.Patch is { } patch
        ? $"patches of {patch} at {p.Spacing?.ToString() ?? "each volume's own voxel size"}"
        : $"{p.Height} x {p.Width}";

    private static string Counts(Splits s) =>
        FormattableString.Invariant($"{s.Train.Count} to train, {s.Val.Count} to validate, {s.Test.Count} to test");

    private static string Duration(double seconds) =>
        TimeSpan.FromSeconds(seconds).ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);

    /// <summary>Progress on the calling thread; <see cref="Progress{T}"/> would post it elsewhere.</summary>
    private sealed class Relay(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
