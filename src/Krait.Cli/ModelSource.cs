using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Models;
using Krait.Training.Config;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Cli;

/// <summary>The model that a command speaks of: a name, a weights file, or a run folder.</summary>
static class ModelSource
{
    public static readonly Argument<string> Target = new("model")
    {
        Description = "A model's name (see krait models), a Krait weights file, or a run folder.",
    };

    public static readonly Option<int?> Classes =
        OptionParsers.Whole("--classes", 1, 256, "Classes: 1 for a binary mask, else background included.");

    public static readonly Option<int?> Channels = OptionParsers.Whole("--channels", 1, 64, "Channels of the picture.");

    public static readonly Option<int?> Dims =
        OptionParsers.Whole("--dims", 2, 3, "Axes of models that come in 2-D and 3-D [2; 3 where --size has three].");

    public static readonly Option<string[]> Options = new("--option", "-o")
    {
        Description = "A model option, such as depths=[2,2,2,2].",
        HelpName = "name=value",
    };

    /// <summary>Best weights of a run folder, or the file itself.</summary>
    /// <exception cref="ConfigException">Neither is there.</exception>
    public static string WeightsPath(string target)
    {
        if (File.Exists(target))
            return target;
        string best = Path.Combine(target, "checkpoints", "best.safetensors");
        string last = Path.Combine(target, "checkpoints", "last.safetensors");
        if (File.Exists(best))
            return best;
        if (File.Exists(last))
            return last;
        throw new ConfigException(Directory.Exists(target)
            ? $"{target}: no checkpoints/best.safetensors there. Give a run folder or a weights file."
            : $"{target}: no such weights file or run folder.");
    }

    /// <summary>
    /// Builds the model named, or opens the file; fresh weights come from the seed. Also what it is fed with: so many
    /// inputs of <paramref name="size"/>, where that is null of 256 x 256, or 64 x 64 x 64.
    /// </summary>
    public static (SegmentationModel Model, Shape Input) Open(CommandContext context, string target, PictureSize? size,
        int batch)
    {
        (LoadedModel loaded, Shape input) = Load(context, target, size, batch);
        return (loaded.Model, input);
    }

    /// <summary>As above together with what the weights file says;
    /// a fresh model has its options alone to tell.</summary>
    public static (LoadedModel Loaded, Shape Input) Load(CommandContext context, string target, PictureSize? size,
        int batch)
    {
        int? dims = size is { Depth: > 0 } ? 3 : context.Get(Dims);
        int[] axes = (size ?? (dims == 3 ? new PictureSize(64, 64) : new PictureSize(256, 256))).Axes(dims ?? 2);
        LoadedModel loaded = Load(context, target, dims, axes);
        try
        {
            if (loaded.Model.Dims != axes.Length)
                axes = (size ?? new PictureSize(64, 64)).Axes(loaded.Model.Dims);
            return (loaded, new Shape([batch, .. axes, loaded.Model.InputChannels]));
        }
        catch (UsageException)
        {
            loaded.Dispose();
            throw;
        }
    }

    static LoadedModel Load(CommandContext context, string target, int? dims, int[] size)
    {
        bool isName = ModelRegistry.All.Any(m => m.Id.Equals(target, StringComparison.OrdinalIgnoreCase));
        if (!isName && (File.Exists(target) || Directory.Exists(target)))
            return ModelFile.Load(WeightsPath(target));
        try
        {
            if (dims is not null && !ModelRegistry.Find(target).Defaults().ContainsKey("dims"))
                throw new UsageException(dims == 3 ? $"{target} takes pictures, not volumes. Give --size n or HxW."
                    : $"--dims: {target} comes in 2-D only. Leave it out.");
            SegmentationModel model = ModelRegistry.Create(target, OptionsJson(context, dims), context.Seed ?? 0, size);
            return new LoadedModel(model, new KraitMetadata { Model = model.Id, Options = model.OptionsJson() }, null);
        }
        catch (ArgumentException e)
        {
            throw new ConfigException(e.Message, e);
        }
    }

    static JsonObject OptionsJson(CommandContext context, int? dims)
    {
        (string Name, int? Value)[] flags =
            [("dims", dims), ("classes", context.Get(Classes)), ("inputChannels", context.Get(Channels))];
        return ModelOptions.FromText([
            .. flags.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(f.Name, $"{f.Value}")),
            .. (context.Get(Options) ?? []).Select(Pair)]);
    }

    static KeyValuePair<string, string> Pair(string setting) => setting.Split('=', 2) is [{ Length: > 0 } name, var value]
        ? KeyValuePair.Create(name, value)
        : throw new UsageException($"--option: must be name=value; got '{setting}'.");

    /// <summary>"8.253 G", "27.43 M".</summary>
    public static string Count(double n) => n switch
    {
        >= 1e9 => (n / 1e9).ToString("0.000", CultureInfo.InvariantCulture) + " G",
        >= 1e6 => (n / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M",
        >= 1e3 => (n / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " k",
        _ => n.ToString("0", CultureInfo.InvariantCulture),
    };
}
