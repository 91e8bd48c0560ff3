using System.Text.Json;

namespace Krait.Training.Tests;

/// <summary>Golden cases.</summary>
internal static class Golden
{
    public static IEnumerable<(string Folder, JsonElement Case)> Cases(string kind)
    {
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Golden, "cases.json")));
        foreach (var entry in index.RootElement.GetProperty("cases").EnumerateArray().ToArray())
        {
            if (entry.GetProperty("kind").GetString() != kind) continue;
            string folder = Path.Combine(Repository.Golden, entry.GetProperty("path").GetString()!);
            using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
            yield return (folder, document.RootElement.Clone());
        }
    }

    /// <summary>The value itself, or the value that {"file", "path"} points at.</summary>
    public static JsonElement Resolve(JsonElement value, string folder)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("file", out var file)) return value;
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file.GetString()!)));
        var at = document.RootElement;
        foreach (var key in value.GetProperty("path").EnumerateArray()) at = at.GetProperty(key.GetString()!);
        return at.Clone();
    }
}
