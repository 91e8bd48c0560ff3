using System.Text.Json.Nodes;

namespace Krait.Models.Tests;

/// <summary>Every model small enough for a test.</summary>
static class NarrowModels
{
    const string Vss = """{"depths":[1,1,1,1],"width":16}""";

    static readonly Dictionary<string, string> Options = new()
    {
        ["vmunet"] = """{"depths":[1,1,1,1],"depthsDecoder":[1,1,1,1],"width":16}""",
        ["vmunetv2"] = Vss,
        ["swin-umamba"] = """{"depths":[1,1,1,1],"width":8,"stemWidth":4}""",
        ["swin-umamba-d"] = Vss,
        ["umamba-bot"] = """{"features":[8,16,16]}""",
        ["umamba-enc"] = """{"features":[8,16,16]}""",
        ["lightm-unet"] = """{"depths":[1,1,1],"depthsDecoder":[1,1],"width":8}""",
    };

    public static SegmentationModel Create(string id, int classes = 1, string more = "{}", int channels = 3)
    {
        JsonObject options = JsonNode.Parse(Options[id])!.AsObject();
        options["classes"] = classes;
        options["inputChannels"] = channels;
        foreach ((string key, JsonNode? value) in JsonNode.Parse(more)!.AsObject())
            options[key] = value?.DeepClone();
        return ModelRegistry.Create(id, options, seed: 1);
    }

    /// <summary>Names of all models that have a scan.</summary>
    public static IEnumerable<string> WithScan =>
        ModelRegistry.All.Where(m => m.Defaults().ContainsKey("scan")).Select(m => m.Id);
}
