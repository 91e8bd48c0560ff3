using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Krait.Engine.Programs;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Models.Tests;

/// <summary>Models started from a VMamba classification checkpoint.</summary>
public sealed class PretrainedTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("krait-pretrained-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("VMUNet", "vmunet", """{"depths":[1,1,2,1],"depthsDecoder":[1,2,1,1],"width":4}""")]
    [InlineData("SwinUMamba", "swin-umamba", """{"depths":[1,1,2,1],"width":4,"stemWidth":2,"inputChannels":1}""")]
    [InlineData("SwinUMambaD_in3", "swin-umamba-d", """{"depths":[1,1,2,1],"width":4}""")]
    [InlineData("SwinUMambaD_in1", "swin-umamba-d", """{"depths":[1,1,2,1],"width":4,"inputChannels":1}""")]
    public void What_the_published_loader_fills_is_filled_and_all_else_stays(string published, string id,
        string options)
    {
        JsonObject loaded = JsonNode.Parse(File.ReadAllText(Mapping))!["models"]![published]!["loaded"]!.AsObject();
        using SegmentationModel model = Create(id, options), fresh = Create(id, options);
        CoverageReport report = ModelFile.LoadInto(model, Checkpoint);
        Assert.Equal(loaded.Count, report.Filled);
        Assert.Equal(model.Store.Parameters.Count, report.Filled + report.Fresh.Count);
        using TensorFile file = WeightsFile.Open(Checkpoint);
        foreach (Parameter p in model.Store.Parameters)
            Assert.Equal(loaded[p.Name] is { } from ? file[$"model.{from}"].ToFloat32()
                : fresh.Store.Save(fresh.Store.Find(p.Name)!), model.Store.Save(p));
    }

    [Theory]
    [InlineData("vmunet", """{"depths":[2,2,2,2],"depthsDecoder":[2,2,2,1],"width":16}""", false)]
    [InlineData("vmunetv2", """{"depths":[2,2,2,2],"width":16,"midChannels":8}""", false)]
    [InlineData("vmunetv2", """{"depths":[1,2,1,2],"width":16,"midChannels":8}""", true)]
    [InlineData("swin-umamba-d", """{"depths":[2,2,2,2],"width":16}""", true)]
    public void Old_and_new_names_are_recognised_under_any_wrapper(string id, string options, bool newNames)
    {
        string path = VMamba(newNames, newNames ? "module." : "state_dict.model.");
        using SegmentationModel model = Create(id, options);
        CoverageReport report = ModelFile.LoadInto(model, path);
        Assert.True(report.IsComplete, report.ToText());
        Assert.Contains("VMamba", report.Map);
        Assert.Contains(report.Ignored, n => n.Reason == "head of the classifier");
        Assert.Equal(Distinct("layers.1.blocks.1.self_attention.Ds", 32 * 2 * 4),
            model.Store.Save(model.Store.Parameters.First(p =>
                p.Name.EndsWith("layers.1.blocks.1.self_attention.Ds", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_model_deeper_than_the_checkpoint_is_refused_unless_partial_loading_is_asked_for()
    {
        string path = VMamba(newNames: false, "");
        using SegmentationModel model = Create("vmunet",
            """{"depths":[2,2,3,2],"depthsDecoder":[2,2,2,1],"width":16}""");
        string message = Assert.Throws<WeightsException>(() => ModelFile.LoadInto(model, path)).Message;
        Assert.Contains("layers.2.blocks.2", message);
        Assert.NotEmpty(ModelFile.LoadInto(model, path, allowPartial: true).Missing);
    }

    [Fact]
    public void Without_a_scan_the_checkpoints_scan_is_left_out_and_said_so()
    {
        using SegmentationModel model = Create("vmunetv2",
            """{"depths":[2,2,2,2],"width":16,"midChannels":8,"scan":"none"}""");
        CoverageReport report = ModelFile.LoadInto(model, VMamba(newNames: false, ""));
        Assert.True(report.IsComplete, report.ToText());
        Assert.Contains(report.Ignored, n => n.Name.EndsWith("A_logs", StringComparison.Ordinal)
            && n.Reason.Contains("no scan", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("lightm-unet")]
    [InlineData("umamba-bot")]
    public void A_model_without_such_an_encoder_refuses_and_names_those_with_one(string id)
    {
        using SegmentationModel model = NarrowModels.Create(id);
        string message = Assert.Throws<WeightsException>(() => ModelFile.LoadInto(model, Checkpoint)).Message;
        Assert.Contains("VMamba", message);
        Assert.Contains("swin-umamba-d", message);
    }

    [Fact]
    public void A_models_own_weights_are_not_taken_for_a_checkpoint_of_vmamba()
    {
        using SegmentationModel model = NarrowModels.Create("vmunet"), other = NarrowModels.Create("vmunet");
        string path = Path.Combine(_folder, "own.safetensors");
        SafetensorsFile.Write(path, model.Store.Parameters.Select(p => HostTensor.FromFloat32($"module.{p.Name}",
            p.CheckpointShape.Dims.Select(d => (long)d), model.Store.Save(p))));
        CoverageReport report = ModelFile.LoadInto(other, path);
        Assert.Null(report.Map);
        Assert.Equal(model.Store.Parameters.Count, report.Matched.Count);
    }

    static string Checkpoint => PublishedFacts.PathOf("checkpoints", "vmamba_pretrained.pth");

    static string Mapping => PublishedFacts.PathOf("checkpoints", "vmamba_pretrained.mapping.json");

    static SegmentationModel Create(string id, string options) =>
        ModelRegistry.Create(id, JsonNode.Parse(options)!.AsObject(), seed: 5);

    /// <summary>A classification network of width 16 and depths 2, 2, 2, 2 as VMamba names its tensors.</summary>
    string VMamba(bool newNames, string wrapper)
    {
        using SegmentationModel encoder = Create("vmunet", """{"depths":[2,2,2,2],"width":16}""");
        var tensors = encoder.Store.Parameters
            .Where(p => Regex.IsMatch(p.Name, @"^vmunet\.(patch_embed|layers)\."))
            .Select(p => (Name: p.Name["vmunet.".Length..], p.CheckpointShape))
            .Append((Name: newNames ? "classifier.head.weight" : "head.weight",
                CheckpointShape: new Engine.Shape(10, 128)));
        string path = Path.Combine(_folder, "vmamba.safetensors");
        SafetensorsFile.Write(path, tensors.Select(t => HostTensor.FromFloat32(
            wrapper + (newNames ? NewName(t.Name) : t.Name), t.CheckpointShape.Dims.Select(d => (long)d),
            Distinct(t.Name, (int)t.CheckpointShape.Count))));
        return path;
    }

    static string NewName(string name) => name.Replace(".ln_1.", ".norm.", StringComparison.Ordinal)
        .Replace(".self_attention.", ".op.", StringComparison.Ordinal)
        .Replace("patch_embed.proj.", "patch_embed.0.", StringComparison.Ordinal)
        .Replace("patch_embed.norm.", "patch_embed.2.", StringComparison.Ordinal);

    static float[] Distinct(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(i => (float)(name.Sum(c => c) + (0.001 * i)))];
}
