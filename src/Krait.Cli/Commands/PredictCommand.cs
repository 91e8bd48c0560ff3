using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Imaging;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Cli.Commands;

/// <summary>Writes masks for pictures.</summary>
static class PredictCommand
{
    static readonly Option<string> Input = new("--input", "-i")
    {
        Description = "A picture, a NIfTI volume, or a folder of either.",
        HelpName = "file|folder",
        Required = true,
    };

    static readonly Option<string> Output = new("--output", "-o")
    {
        Description = "Folder for the masks, or a file for one: .png, of a volume .nii.gz.",
        HelpName = "folder|file",
        Required = true,
    };

    static readonly Option<bool> Overlay = new("--overlay")
    {
        Description = "Also write NAME_overlay.png, of a volume its slice with most foreground.",
    };

    static readonly Option<bool> Probabilities =
        new("--probabilities")
        {
            Description = "Also write NAME_probability.png (one a class or region, 0 to 255), of a volume .nii.gz.",
        };

    static readonly Option<bool> Tiles = new("--tiles")
    {
        Description = "Overlapping windows at the picture's own size instead of resizing; volumes always are.",
    };

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("predict",
            "Write masks for pictures or volumes. Research use; not a medical device.")
        {
            PredictorSource.Model, Input, Output, Overlay, Probabilities, Tiles, PredictorSource.Mirror,
            ImageOptions.MaxPixels,
        };
        command.Examples =
        [
            "krait predict -m runs/second-try -i pictures -o masks --overlay",
            "krait predict -m best.safetensors -i one.jpg -o one_mask.png --tiles",
            "krait predict -m runs/hippocampus -i imagesTs -o labels",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        IReadOnlyList<PredictPair> pairs = PredictPairs.Of(context.Get(Input)!, context.Get(Output)!);
        bool areVolumes = VolumeFile.HasVolumeExtension(pairs[0].Input);
        using Predictor predictor = PredictorSource.Open(context);
        var report = new JsonArray();
        int failed = 0;
        using (ProgressLine progress = context.Progress("predict", areVolumes ? "volumes" : "pictures"))
        {
            for (int i = 0; i < pairs.Count; i++)
            {
                context.Stop.ThrowIfCancellationRequested();
                try
                {
                    report.Add((JsonNode)(areVolumes
                        ? PredictVolume.Run(context, predictor, pairs[i], context.Get(Overlay),
                            context.Get(Probabilities))
                        : Predict(context, predictor, pairs[i].Input, pairs[i].Mask)));
                }
                catch (Exception e) when (pairs.Count > 1 && (e is ImageFormatException { MissingDependency: false }
                    || (e is ConfigException && areVolumes && predictor.Model.Preprocessing.IsVolume)))
                {
                    failed++;
                    progress.Say(e is ConfigException ? $"{Path.GetFileName(pairs[i].Input)}: {e.Message}" : e.Message);
                }
                progress.Report(i + 1, pairs.Count);
            }
        }
        WriteReport(context, predictor.Model.Classes, report);
        if (failed == 0)
            return ExitCode.Success;
        context.Terminal.Error.WriteLine($"krait predict: {failed} of {pairs.Count} "
            + $"{(areVolumes ? "volumes" : "pictures")} could not be predicted.");
        return ExitCode.BadInput;
    }

    static JsonObject Predict(CommandContext context, Predictor predictor, string picture, string mask)
    {
        Image image = ImageFile.Read(picture, ImageOptions.Read(context));
        Prediction prediction = predictor.Predict(image, context.Get(Tiles));
        IReadOnlyList<ClassInfo> classes = predictor.Model.Classes;
        ImageFile.WritePng(mask, prediction.ToMask(classes));
        string stem = Path.Combine(Path.GetDirectoryName(mask)!, Path.GetFileNameWithoutExtension(mask));
        if (context.Get(Overlay))
            ImageFile.WritePng(stem + "_overlay.png", classes.Draw(image, prediction.Labels));
        if (context.Get(Probabilities))
            WriteProbabilities(prediction, predictor.Model.OutputNames, stem);
        var shares = new JsonObject();
        for (int c = 0; c < classes.Count; c++)
            shares[classes[c].Name] = prediction.Labels.Count(l => l == c) / (double)prediction.Labels.Length;
        return new JsonObject
        {
            ["picture"] = picture,
            ["mask"] = mask,
            ["width"] = prediction.Width,
            ["height"] = prediction.Height,
            ["shares"] = shares,
        };
    }

    static void WriteProbabilities(Prediction prediction, IReadOnlyList<string> names, string stem)
    {
        int outputs = prediction.Outputs;
        for (int c = 0; c < outputs; c++)
        {
            var samples = new byte[prediction.Width * prediction.Height];
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (byte)MathF.Round(255 * prediction.Probabilities[(i * outputs) + c]);
            string name = outputs == 1 ? "_probability.png" : $"_probability_{names[c]}.png";
            ImageFile.WritePng(stem + name, new Image(prediction.Width, prediction.Height, 1, samples));
        }
    }

    static void WriteReport(CommandContext context, IReadOnlyList<ClassInfo> classes, JsonArray report)
    {
        if (context.IsJson)
        {
            context.WriteJson(report);
            return;
        }
        ClassInfo[] foreground = [.. classes.Skip(1)];
        string[] Row(JsonNode r) =>
        [
            (string)r["mask"]!, $"{r["width"]}x{r["height"]}" + (r["depth"] is { } d ? $"x{d}" : ""),
            .. foreground.Select(c => r["millilitres"] is { } ml
                ? string.Create(CultureInfo.InvariantCulture, $"{(double)ml[c.Name]!:0.00} ml")
                : ((double)r["shares"]![c.Name]!).ToString("P1", CultureInfo.InvariantCulture)),
        ];
        context.WriteTable(null, ["mask", "size", .. foreground.Select(c => c.Name)], report.Select(r => Row(r!)));
    }
}
