using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Imaging;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;
using Krait.Training.Metrics;
using Krait.Training.Runs;

namespace Krait.Cli.Commands;

/// <summary>Scores a trained model on pictures with masks.</summary>
static class EvaluateCommand
{
    const string Everything = "all", DistancesName = "distances", ObjectsName = "objects";

    static readonly Option<string?> Data = new("--data", "-d")
    {
        Description = "Data folder [that of the run].",
        HelpName = "folder",
    };

    static readonly Option<string?> Split = new Option<string?>("--split")
    {
        Description = "Part of the data [test, or val where there is no test].",
        HelpName = "part",
    }.AcceptOnlyFromAmong("train", "val", "test", Everything);

    static readonly Option<string?> Output = new("--output", "-o")
    {
        Description = "Folder for summary.json, per_case.csv and summary.md [eval/PART in the run folder].",
        HelpName = "folder",
    };

    static readonly Option<bool> Overlay = new("--overlay")
    {
        Description = "Also draw hit, false alarm and miss over every picture.",
    };

    static readonly Option<bool> Tiles = new("--tiles")
    {
        Description = "Predict in overlapping windows at the pictures' own size instead of resizing.",
    };

    static readonly Option<bool> TrainingSize = new("--at-training-size")
    {
        Description = "Compare at the training size, as the papers do, instead of the pictures' own.",
    };

    static readonly Option<string[]?> Metrics = new Option<string[]?>("--metrics")
    {
        Description = "Measure more, for every class: distances (HD95, ASD, ASSD, NSD; in millimetres where volumes "
            + "have a spacing, else in pixels or voxels), objects (F1 of connected objects, such as cells; "
            + "pictures only).",
        HelpName = "what",
        AllowMultipleArgumentsPerToken = true,
    }.AcceptOnlyFromAmong(DistancesName, ObjectsName);

    static readonly Option<double?> Tolerance =
        OptionParsers.Real("--tolerance", 0, 1e6, "Of the NSD, in millimetres, or pixels or voxels [2].");

    static readonly Option<double?> MinDice =
        OptionParsers.Real("--min-dice", 0, 1, "End with code 7 if the mean DSC of the pictures is lower.");

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("evaluate", "Score a trained model on pictures with masks.")
        {
            PredictorSource.Model, Data, Split, Output, Overlay, Tiles, PredictorSource.Mirror, TrainingSize, Metrics,
            Tolerance, MinDice, ImageOptions.MaxPixels,
        };
        command.Examples =
        [
            "krait evaluate -m runs/second-try",
            "krait evaluate -m best.safetensors --data kvasir-seg --split val --overlay -o scores",
            "krait evaluate -m runs/second-try --metrics distances objects --tolerance 1",
            "krait evaluate -m runs/second-try --min-dice 0.8 --json",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        string target = context.Get(PredictorSource.Model)!;
        using Predictor predictor = PredictorSource.Open(context);
        ImageReadOptions read = ImageOptions.Read(context);
        RunFolder? run = Directory.Exists(target) ? RunFolder.Open(target) : null;
        Dataset data = OpenData(context, run, read);
        (string part, IReadOnlyList<Sample> samples) = Choose(context.Get(Split), data, run);
        string? folder = context.Get(Output) ?? (run is null ? null : Path.Combine(run.Root, "eval", part));
        if (context.Get(Overlay) && folder is null)
            throw new UsageException("--overlay needs a place: give --output FOLDER.");
        CaseMeasures measures = Measures(context);
        EvaluationScores scores;
        using (ProgressLine progress = context.Progress($"evaluate {part}", "pictures"))
            scores = Evaluator.Run(predictor, samples, data.Coding, new EvaluationOptions
            {
                Size = context.Get(TrainingSize) ? EvaluationSize.Training : EvaluationSize.Native,
                Tiles = context.Get(Tiles),
                OverlayFolder = context.Get(Overlay) ? Path.Combine(folder!, "overlays") : null,
                Measures = measures,
                Seed = context.Seed ?? 42,
                Read = read,
            }, new Reporter<int>(done => progress.Report(done, samples.Count)), context.Stop);
        bool isVolume = predictor.Model.Preprocessing.IsVolume;
        string unit = !isVolume ? "pixels" : samples.Any(s => VolumeFile.HasSpacing(s.MaskPath)) ? "mm" : "voxels";
        (string, string)[] facts =
        [
            ("weights", ModelSource.WeightsPath(target)), ("data", data.Root), ("part", part),
            ("size", context.Get(TrainingSize) ? "training" : "native"),
            ("method", (isVolume ? "overlapping patches" : context.Get(Tiles) ? "tiles" : "resized")
                + (predictor.IsMirroring ? ", mirrored" : "")),
            .. measures.HasDistances ? [("distances", string.Create(CultureInfo.InvariantCulture,
                $"in {unit}; NSD within {measures.Tolerance} {unit}"))] : Array.Empty<(string, string)>(),
        ];
        Write(context, scores, facts, folder);
        if (context.Get(MinDice) is { } least && !(scores.Dice.Mean >= least))
            throw new GateException(string.Create(CultureInfo.InvariantCulture,
                $"--min-dice: the mean DSC must be at least {least}; got {scores.Dice.Mean:0.0000}."));
        return ExitCode.Success;
    }

    static CaseMeasures Measures(CommandContext context)
    {
        string[] asked = context.Get(Metrics) ?? [];
        var measures = new CaseMeasures(asked.Contains(DistancesName), asked.Contains(ObjectsName));
        if (context.Get(Tolerance) is not { } tolerance)
            return measures;
        return measures.HasDistances ? measures with { Tolerance = tolerance }
            : throw new UsageException("--tolerance is of the NSD: give --metrics distances as well.");
    }

    static Dataset OpenData(CommandContext context, RunFolder? run, ImageReadOptions read)
    {
        string? root = context.Get(Data) ?? (run is null ? null : TrainConfig.Load(run.Config).Data.Root);
        return root is null ? throw new UsageException("a data folder is needed; give --data FOLDER.")
            : Dataset.Open(root, read);
    }

    /// <summary>The part that was asked for; a run that drew its own split keeps to it on its own data.</summary>
    static (string Part, IReadOnlyList<Sample> Samples) Choose(string? part, Dataset data, RunFolder? run)
    {
        IReadOnlyList<Sample> all = [.. data.Parts.SelectMany(p => p.Samples)];
        if (part == Everything)
            return (part, all);
        bool isOwnData = run is not null && TrainConfig.Load(run.Config).Data.Root is { } root
            && Path.GetFullPath(root) == data.Root;
        Splits? splits = isOwnData && File.Exists(run!.SplitsFile)
            ? Splits.FromJson(File.ReadAllText(run.SplitsFile), data)
            : null;
        IReadOnlyList<Sample> Of(string name) => splits is null ? data[name] : name switch
        {
            "train" => splits.Train,
            "val" => splits.Val,
            _ => splits.Test,
        };
        string chosen = part ?? (Of("test").Count > 0 ? "test" : Of("val").Count > 0 ? "val" : Everything);
        IReadOnlyList<Sample> samples = chosen == Everything ? all : Of(chosen);
        return samples.Count > 0 ? (chosen, samples)
            : throw new ConfigException($"{data.Root}: no pairs in part '{chosen}'; "
            + $"parts: {string.Join(", ", data.Parts.Select(p => $"{p.Name} {p.Samples.Count}"))}.");
    }

    static void Write(CommandContext context, EvaluationScores scores, IReadOnlyList<(string, string)> facts,
        string? folder)
    {
        if (folder is not null)
            EvaluationReport.Write(folder, scores, facts);
        if (context.IsJson)
            context.WriteJson(JsonNode.Parse(EvaluationReport.ToJson(scores, facts))!);
        else
            context.Write(EvaluationReport.ToMarkdown(scores, facts).TrimEnd());
        if (folder is not null)
            context.Note($"written to {folder}");
    }
}
