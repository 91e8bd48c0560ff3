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
    static readonly Option<string> Model = new("--model", "-m")
    {
        Description = "Run folder or Krait weights file.",
        HelpName = "run|file",
        Required = true,
    };

    static readonly Option<string> Input = new("--input", "-i")
    {
        Description = "A picture, or a folder of pictures.",
        HelpName = "file|folder",
        Required = true,
    };

    static readonly Option<string> Output = new("--output", "-o")
    {
        Description = "Folder for the masks, or a .png file for one picture.",
        HelpName = "folder|file",
        Required = true,
    };

    static readonly Option<bool> Overlay = new("--overlay") { Description = "Also write NAME_overlay.png." };

    static readonly Option<bool> Probabilities =
        new("--probabilities") { Description = "Also write NAME_probability.png (one a class), 0 to 255." };

    static readonly Option<bool> Tiles = new("--tiles")
    {
        Description = "Overlapping windows at the picture's own size instead of resizing.",
    };

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("predict", "Write masks for pictures. Research use; not a medical device.")
        {
            Model, Input, Output, Overlay, Probabilities, Tiles, ImageOptions.MaxPixels,
        };
        command.Examples =
        [
            "krait predict -m runs/second-try -i pictures -o masks --overlay",
            "krait predict -m best.safetensors -i one.jpg -o one_mask.png --tiles",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        IReadOnlyList<(string Picture, string Mask)> pairs = Pairs(context.Get(Input)!, context.Get(Output)!);
        using var predictor = Predictor.Load(ModelSource.WeightsPath(context.Get(Model)!), context.Threads);
        var report = new JsonArray();
        int failed = 0;
        using (ProgressLine progress = context.Progress("predict", "pictures"))
        {
            for (int i = 0; i < pairs.Count; i++)
            {
                context.Stop.ThrowIfCancellationRequested();
                try
                {
                    report.Add((JsonNode)Predict(context, predictor, pairs[i].Picture, pairs[i].Mask));
                }
                catch (ImageFormatException e) when (pairs.Count > 1 && !e.MissingDependency)
                {
                    failed++;
                    progress.Say(e.Message);
                }
                progress.Report(i + 1, pairs.Count);
            }
        }
        WriteReport(context, predictor.Model.Classes, report);
        if (failed == 0)
            return ExitCode.Success;
        context.Terminal.Error.WriteLine($"krait predict: {failed} of {pairs.Count} pictures could not be read.");
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
            WriteProbabilities(prediction, classes, stem);
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

    static void WriteProbabilities(Prediction prediction, IReadOnlyList<ClassInfo> classes, string stem)
    {
        int outputs = prediction.Outputs;
        for (int c = 0; c < outputs; c++)
        {
            var samples = new byte[prediction.Width * prediction.Height];
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (byte)MathF.Round(255 * prediction.Probabilities[(i * outputs) + c]);
            string name = outputs == 1 ? "_probability.png" : $"_probability_{classes[c].Name}.png";
            ImageFile.WritePng(stem + name, new Image(prediction.Width, prediction.Height, 1, samples));
        }
    }

    /// <summary>What to read and where to write; never over a picture that is read.</summary>
    static IReadOnlyList<(string Picture, string Mask)> Pairs(string input, string output)
    {
        bool isFile = output.EndsWith(".png", StringComparison.OrdinalIgnoreCase);
        string[] pictures = Pictures(input);
        if (isFile && pictures.Length > 1)
            throw new UsageException($"--output must be a folder for {pictures.Length} pictures; got '{output}'.");
        Directory.CreateDirectory(isFile ? Path.GetDirectoryName(Path.GetFullPath(output))! : output);
        HashSet<string> shared = [.. pictures.GroupBy(Path.GetFileNameWithoutExtension)
            .Where(g => g.Count() > 1).Select(g => g.Key!)];
        // Two pictures that differ only in their ending keep it, so that neither mask replaces the other.
        string NameOf(string picture) => shared.Contains(Path.GetFileNameWithoutExtension(picture))
            ? Path.GetFileName(picture).Replace('.', '_')
            : Path.GetFileNameWithoutExtension(picture);
        (string Picture, string Mask)[] pairs = [.. pictures.Select(p =>
            (p, isFile ? Path.GetFullPath(output) : Path.Combine(Path.GetFullPath(output), NameOf(p) + ".png")))];
        HashSet<string> read = [.. pictures.Select(Path.GetFullPath)];
        string? overwritten = pairs.Select(p => p.Mask).FirstOrDefault(read.Contains);
        return overwritten is null ? pairs
            : throw new UsageException($"--output would replace the picture {overwritten}; choose another folder.");
    }

    static string[] Pictures(string input)
    {
        if (File.Exists(input))
            return [input];
        if (!Directory.Exists(input))
            throw new ConfigException($"{input}: no such picture or folder.");
        string[] found = [.. Directory.EnumerateFiles(input).Where(ImageFile.HasImageExtension).Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new ConfigException($"{input}: no pictures there; "
            + $"endings are {string.Join(", ", ImageFile.Extensions)}.");
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
            (string)r["mask"]!, $"{r["width"]}x{r["height"]}",
            .. foreground.Select(c => ((double)r["shares"]![c.Name]!).ToString("P1", CultureInfo.InvariantCulture)),
        ];
        context.WriteTable(null, ["mask", "size", .. foreground.Select(c => c.Name)], report.Select(r => Row(r!)));
    }
}
