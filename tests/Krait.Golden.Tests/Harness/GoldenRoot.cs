using System.Text.Json;

namespace Krait.Golden.Tests.Harness;

/// <summary>The folder of golden cases: KRAIT_GOLDEN, else tests/golden beside the solution file.</summary>
internal static class GoldenRoot
{
    public static string Folder => Repository.Golden;

    /// <summary>Every case by its folder relative to the root, in order of name.</summary>
    public static IReadOnlyList<CaseEntry> Entries { get; } = [.. Walk().OrderBy(e => e.Name, StringComparer.Ordinal)];

    /// <summary>What cases.json lists without there being a case.json; empty when the folder is whole.</summary>
    public static IReadOnlyList<string> Missing()
    {
        string index = Path.Combine(Folder, "cases.json");
        if (!File.Exists(index))
            return [];
        using var json = JsonDocument.Parse(File.ReadAllBytes(index));
        var found = Entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        return [.. json.RootElement.GetProperty("cases").EnumerateArray()
            .Select(c => c.Text("path")).Where(path => !found.Contains(path))];
    }

    static IEnumerable<CaseEntry> Walk()
    {
        foreach (string path in Directory.EnumerateFiles(Folder, "case.json", SearchOption.AllDirectories))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = json.RootElement;
            string[] items = root.TryGetProperty("items", out JsonElement list)
                ? [.. list.EnumerateArray().Select(i => i.Text("kind"))]
                : [];
            string name = Path.GetRelativePath(Folder, Path.GetDirectoryName(path)!).Replace('\\', '/');
            yield return new CaseEntry(name, root.Text("kind"), items);
        }
    }
}

/// <summary>A case as the index sees it.</summary>
/// <param name="Name">Folder relative to the root, with slashes.</param>
/// <param name="Kind">What is tested.</param>
/// <param name="ItemKinds">Kinds of the small cases inside, one an item.</param>
internal sealed record CaseEntry(string Name, string Kind, IReadOnlyList<string> ItemKinds);
