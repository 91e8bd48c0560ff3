using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Imaging;
using Krait.Models;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Training;

/// <summary>A network with all that prediction needs: preprocessing and classes.
/// What a Krait weights file holds.</summary>
public sealed class TrainedModel : IDisposable
{
    private TrainedModel(SegmentationModel network, Preprocessing preprocessing, IReadOnlyList<ClassInfo> classes,
        IReadOnlyList<LabelRegion> regions, CoverageReport? coverage)
    {
        (Network, Preprocessing, Classes, Regions, Coverage) = (network, preprocessing, classes, regions, coverage);
        Readout = new Readout(network.Classes, regions);
    }

    public SegmentationModel Network { get; }
    public Preprocessing Preprocessing { get; }

    /// <summary>Classes, background first.</summary>
    public IReadOnlyList<ClassInfo> Classes { get; }

    /// <summary>What the network learned instead of classes, one an output; none where it learned classes.</summary>
    public IReadOnlyList<LabelRegion> Regions { get; }

    /// <summary>Channels of the logits: one a region; 1 for two classes, or 2 if the model was told so.</summary>
    public int Outputs => Network.Classes;

    /// <summary>What the channels stand for; one name, the foreground's, for two classes with one output.</summary>
    public IReadOnlyList<string> OutputNames => [.. Regions.Count > 0 ? Regions.Select(r => r.Name)
        : Classes.Skip(Outputs == 1 ? 1 : 0).Select(c => c.Name)];

    /// <summary>What is scored: the regions, or each foreground class.</summary>
    internal IReadOnlyList<LabelRegion> Scored => Regions.Count > 0 ? Regions : LabelRegion.EachClass(Classes);

    internal Readout Readout { get; }

    /// <summary>What was filled from the file; null for a fresh model.</summary>
    public CoverageReport? Coverage { get; }

    /// <summary>Opens a Krait weights file.</summary>
    /// <exception cref="WeightsException">If the file is damaged or does not describe a model.</exception>
    public static TrainedModel Load(string path)
    {
        var loaded = ModelFile.Load(path);
        try
        {
            var (model, metadata, coverage) = loaded;
            var preprocessing = metadata.Preprocessing.Count == 0
                ? throw new WeightsException($"read {Path.GetFileName(path)}: it does not say how pictures are " +
                    "prepared. Convert it again and name size and normalisation.")
                : Preprocessing.FromJson(metadata.Preprocessing.ToJsonString());
            var regions = ReadRegions(metadata, path, model.Classes);
            return new TrainedModel(model, preprocessing, ReadClasses(metadata, model.Classes), regions, coverage);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>A fresh model, or one started from the configured weights.</summary>
    /// <param name="config">Model, options and weights.</param>
    /// <param name="preprocessing">What it is fed with.</param>
    /// <param name="classes">Classes, background first.</param>
    /// <param name="seed">Names the draws of fresh weights.</param>
    /// <param name="regions">What is learned instead of classes; null or none: classes.</param>
    /// <exception cref="ConfigException">If an option is unknown or contradicts the data.</exception>
    /// <exception cref="WeightsException">If the weights do not cover the model.</exception>
    public static TrainedModel Create(ModelConfig config, Preprocessing preprocessing, IReadOnlyList<ClassInfo> classes,
        ulong seed, IReadOnlyList<LabelRegion>? regions = null)
    {
        var options = ModelOptions.FromText(config.Options);
        Fix(options, "inputChannels", preprocessing.Channels, "preprocessing.channels");
        if (regions is { Count: > 0 })
            Fix(options, "classes", regions.Count, "the data's regions");
        else if (classes.Count != 2 || options["classes"]?.ToJsonString() != "2")
            Fix(options, "classes", classes.Count == 2 ? 1 : classes.Count, "the data's classes");
        var network = Build(config.Id, options, preprocessing, seed);
        var coverage = config.Weights is null ? null
            : ModelFile.LoadInto(network, config.Weights, allowPartial: config.AllowPartial);
        return new TrainedModel(network, preprocessing, classes, regions ?? [], coverage);
    }

    /// <summary>The network; one that comes in 2-D and 3-D follows the data where the options do not say.</summary>
    private static SegmentationModel Build(string id, JsonObject options, Preprocessing preprocessing, ulong seed)
    {
        int dims = preprocessing.NetworkDims;
        SegmentationModel network;
        try
        {
            bool hasChoice = ModelRegistry.Find(id).Defaults()["dims"] is JsonValue value
                && value.TryGetValue(out int _);
            if (hasChoice && options["dims"] is null) options["dims"] = dims;
            network = ModelRegistry.Create(id, options, seed, SizeOf(preprocessing));
        }
        catch (ArgumentException e)
        {
            throw new ConfigException($"model: {e.Message}", e);
        }
        if (network.Dims == dims) return network;
        network.Dispose();
        throw new ConfigException(dims == 3
            ? $"model: {id} as configured takes slices, the patch is {preprocessing.Patch}. Give one slice " +
                "(--patch 1x256x256), or take a 3-D model (lightm-unet, nnunet, umamba-bot)."
            : $"model: {id} as configured is 3-D; it needs volumes and a patch of several slices (--patch 32x48x32).");
    }

    /// <summary>Writes a Krait weights file; whole or not at all.</summary>
    /// <param name="sourceSha256">Hash of the file that the weights were converted from.</param>
    public void Save(string path, string? sourceSha256 = null) => ModelFile.Save(path, Network, new KraitMetadata
    {
        Model = Network.Id,
        Options = Network.OptionsJson(),
        Preprocessing = JsonNode.Parse(Preprocessing.ToJson())!.AsObject(),
        Classes = [.. Classes.Select(c => new MaskClass(c.Name, c.Color.ToString()))],
        Regions = [.. Regions.Select(r => new MaskRegion(r.Name, r.Classes, r.Label))],
        TrainingSize = SizeOf(Preprocessing),
        SourceSha256 = sourceSha256,
    });

    /// <summary>What the network is fed with, one number an axis.</summary>
    private static int[] SizeOf(Preprocessing p) => p.NetworkDims == 3 ? p.Input.ToArray() : [p.Input.H, p.Input.W];

    /// <summary>Replaces the weights by those of a file of the same model.</summary>
    public void Reload(string path) => ModelFile.LoadInto(Network, path);

    public void Dispose() => Network.Dispose();

    private static void Fix(JsonObject options, string key, int value, string reason)
    {
        if (options[key] is { } set && set.ToJsonString() != value.ToString(CultureInfo.InvariantCulture))
            throw new ConfigException($"model.options.{key}: {reason} ask for {value}; got {set.ToJsonString()}. " +
                "Leave it out.");
        options[key] = value;
    }

    private static IReadOnlyList<ClassInfo> ReadClasses(KraitMetadata metadata, int outputs)
    {
        int count = metadata.Regions.Count > 0 ? metadata.Classes.Count : outputs == 1 ? 2 : outputs;
        if (metadata.Classes.Count != count)
            return [.. Enumerable.Range(0, count).Select(c => new ClassInfo(c == 0 ? "background" :
                count == 2 ? "foreground" : FormattableString.Invariant($"class{c}"), ClassInfo.DefaultColor(c)))];
        return [.. metadata.Classes.Select(c => new ClassInfo(c.Name, Rgba.Parse(c.Color)))];
    }

    private static IReadOnlyList<LabelRegion> ReadRegions(KraitMetadata metadata, string path, int outputs)
    {
        bool IsClass(int c) => c > 0 && c < metadata.Classes.Count;
        if (metadata.Regions.Count > 0 && (metadata.Regions.Count != outputs ||
            !metadata.Regions.All(r => r.Classes.Count > 0 && r.Classes.All(IsClass) && IsClass(r.Label))))
            throw new WeightsException($"read {Path.GetFileName(path)}: regions are unions of its classes, one an " +
                $"output, so {outputs}; got " +
                $"{string.Join(", ", metadata.Regions.Select(r => $"{r.Name} {string.Join('+', r.Classes)}"))} " +
                $"with {metadata.Classes.Count} classes. Save the file again.");
        return [.. metadata.Regions.Select(r => new LabelRegion(r.Name, r.Classes, r.Label))];
    }
}
