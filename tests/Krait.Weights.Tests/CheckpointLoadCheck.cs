using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Krait.Weights.Tests;

/// <summary>Checks one item of kind checkpoint.load; compiled into the golden suite too.</summary>
static class CheckpointLoadCheck
{
    // The files also carry this name themselves; see Planted.
    const string KnownTrace = "/tmp/PWNED";

    /// <summary>The file loads bit for bit or is refused, as the item says, and leaves no trace.</summary>
    public static void Run(string folder, JsonElement item)
    {
        var name = item.GetProperty("name").GetString();
        var path = Path.Combine(folder, item.GetProperty("file").GetString()!);
        var expected = item.GetProperty("expected");
        var outcome = expected.GetProperty("outcome").GetString();
        var traces = Planted(path);
        Assert.All(traces, t => Assert.False(File.Exists(t), $"{t} exists before the test; remove it"));
        try
        {
            using var file = WeightsFile.Open(path);
            Assert.True(outcome is "load" or "load_or_refuse" or "no_execution", $"{name} should have been refused");
            if (expected.GetProperty("tensors_file").GetString() is { } tensors)
                AssertEqualTensors(Path.Combine(folder, tensors), file);
            if (expected.TryGetProperty("plain_values", out var values))
                AssertPlainValues(values, file.PlainValues);
        }
        catch (WeightsException e)
        {
            Assert.True(outcome is "refuse" or "load_or_refuse" or "no_execution", $"{name} was refused: {e.Message}");
            Assert.Contains(Path.GetFileName(path), e.Message);
            Assert.InRange(e.Message.Length, 40, 400);
        }
        Assert.All(traces, t => Assert.False(File.Exists(t), $"{name} left {t}"));
    }

    /// <summary>The files that a checkpoint tries to create: the arguments of "touch" in its bytes.</summary>
    public static HashSet<string> Planted(string path)
    {
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path));
        var found = Regex.Matches(text, @"touch (/[A-Za-z0-9_/.]+)").Select(m => m.Groups[1].Value).ToHashSet();
        if (found.Count > 0)
            found.Add(KnownTrace);
        return found;
    }

    static void AssertEqualTensors(string expectedPath, TensorFile file)
    {
        using var expected = SafetensorsFile.Read(expectedPath);
        Assert.All(file.Tensors.Where(t => !expected.TryGet(t.Name, out _)), t => AssertAlias(t, expected));
        foreach (var want in expected.Tensors)
        {
            var got = file[want.Name];
            Assert.Equal(want.ToString(), got.ToString());
            Assert.Equal(want.ToBytes(), got.ToBytes());
            Assert.Equal(want.ToFloat32(), got.ToFloat32());
        }
    }

    /// <summary>
    /// A file may name one tensor twice (model and model_ema); the expected file then lists one of the names.
    /// </summary>
    static void AssertAlias(HostTensor extra, TensorFile expected)
    {
        static string BelowTop(string name) => name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        var listed = expected.Tensors.Where(t => BelowTop(t.Name) == BelowTop(extra.Name)).ToList();
        Assert.True(listed.Count > 0, $"{extra.Name} is not expected");
        Assert.Contains(listed, t => t.ToBytes().AsSpan().SequenceEqual(extra.ToBytes()));
    }

    /// <summary>Each value stands somewhere in the file under its key, or under the key with "_state_dict".</summary>
    static void AssertPlainValues(JsonElement expected, JsonNode? values)
    {
        foreach (var property in expected.EnumerateObject())
        {
            var want = property.Value.GetRawText();
            var found = Find(values, property.Name).ToList();
            Assert.True(found.Any(v => Same(JsonNode.Parse(want), v)),
                $"{property.Name} should be {want}; found {string.Join(" | ", found.Select(v => v?.ToJsonString()))}");
        }
    }

    static IEnumerable<JsonNode?> Find(JsonNode? node, string key)
    {
        if (node is not JsonObject entries)
            yield break;
        foreach (var (name, value) in entries)
        {
            if (name == key || name == key + "_state_dict")
                yield return value;
            foreach (var inner in Find(value, key))
                yield return inner;
        }
    }

    static bool Same(JsonNode? a, JsonNode? b) => (a, b) switch
    {
        (null, null) => true,
        (JsonObject x, JsonObject y) =>
            x.Count == y.Count && x.All(p => y.ContainsKey(p.Key) && Same(p.Value, y[p.Key])),
        (JsonArray x, JsonArray y) => x.Count == y.Count && x.Zip(y).All(p => Same(p.First, p.Second)),
        (JsonValue x, JsonValue y) when x.GetValueKind() == JsonValueKind.Number =>
            y.GetValueKind() == JsonValueKind.Number && Number(x) == Number(y),
        (JsonValue x, JsonValue y) => x.ToJsonString() == y.ToJsonString(),
        _ => false,
    };

    static double Number(JsonValue value) =>
        double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
}
