using System.Text.Json;

namespace Krait.Weights.Tests;

/// <summary>The golden data: below KRAIT_GOLDEN, else the copy beside the tests.</summary>
static class GoldenFolder
{
    public static string Root { get; } = Environment.GetEnvironmentVariable("KRAIT_GOLDEN") is { Length: > 0 } set
        ? set
        : Path.Combine(Repository(), "tests", "golden");

    /// <summary>A checkpoint of this repository's copy by its name; another folder may have others.</summary>
    public static string Checkpoint(string file) => Path.Combine(Repository(), "tests", "golden", "checkpoints", file);

    /// <summary>Every folder whose case.json is of kind "checkpoint", as cases.json lists them.</summary>
    public static IEnumerable<(string Folder, JsonElement Item)> Items(string kind)
    {
        foreach (var path in Directory.EnumerateFiles(Root, "case.json", SearchOption.AllDirectories).Order())
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

    static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Krait.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("no folder with Krait.slnx above the tests");
    }
}
