using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Krait.Models.Tests;

/// <summary>Sizes, names and fresh statistics of the published models, as stored with the golden data.</summary>
static class PublishedFacts
{
    public static JsonObject Facts(string name) =>
        JsonNode.Parse(File.ReadAllText(PathOf("model_facts.json")))!["models"]![name]!.AsObject();

    /// <summary>[name, shape, type, (mean, std, min, max), kind] of each tensor, in the published order.</summary>
    public static IReadOnlyList<PublishedTensor> Keys(string name)
    {
        using var file = new GZipStream(File.OpenRead(PathOf("model_keys.json.gz")), CompressionMode.Decompress);
        return [.. JsonNode.Parse(file)![name]!.AsArray().Select(row => Tensor(row!.AsArray()))];
    }

    /// <summary>A scalar, which only the counters of batch norms are, has the shape [1] here.</summary>
    static PublishedTensor Tensor(JsonArray row) => new(
        (string)row[0]!,
        row[1]!.AsArray() is { Count: > 0 } dims ? [.. dims.Select(d => (int)d!)] : [1],
        row[3] is JsonArray statistics ? [.. statistics.Select(s => (double)s!)] : [],
        (string)row[^1]!);

    /// <summary>A file of the golden data.</summary>
    public static string PathOf(params string[] parts)
    {
        string file = Path.Combine(parts);
        string other = Path.Combine(Repository.Golden, file);
        return File.Exists(other) ? other : Repository.PathOf("tests", "golden", file);
    }
}

sealed record PublishedTensor(string Name, int[] Shape, double[] Statistics, string Kind);
