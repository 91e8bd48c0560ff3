using System.Text.Json;

namespace Krait.Weights.Tests;

/// <summary>Golden checkpoints.</summary>
static class GoldenFolder
{
    /// <summary>A checkpoint of this repository's copy by its name; another folder may have others.</summary>
    public static string Checkpoint(string file) => Repository.PathOf("tests", "golden", "checkpoints", file);

    /// <summary>Every folder whose case.json is of kind "checkpoint", as cases.json lists them.</summary>
    public static IEnumerable<(string Folder, JsonElement Item)> Items(string kind)
    {
        foreach (var path in Directory.EnumerateFiles(Repository.Golden, "case.json", SearchOption.AllDirectories).Order())
        {
            var root = Json(path);
            if (root.GetProperty("kind").GetString() != "checkpoint")
                continue;
            foreach (var item in root.GetProperty("items").EnumerateArray())
                if (item.GetProperty("kind").GetString() == kind)
                    yield return (Path.GetDirectoryName(path)!, item);
        }
    }

    public static JsonElement Json(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
