using System.Text.Json;
using Krait.Imaging.Transforms;
using Xunit.Abstractions;

namespace Krait.Imaging.Tests;

/// <summary>Every item of every image.transforms case against the reference libraries' results.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTransformTests(ITestOutputHelper log)
{
    private static readonly HashSet<string> Later = ["image.connected_components"];

    public static TheoryData<string> Cases()
    {
        TheoryData<string> cases = [];
        foreach (string path in Directory.EnumerateFiles(Repository.Golden, "case.json", SearchOption.AllDirectories))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.TryGetProperty("kind", out JsonElement kind) && kind.ValueEquals("image.transforms"))
            {
                cases.Add(Path.GetRelativePath(Repository.Golden, Path.GetDirectoryName(path)!));
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Items_match_the_reference(string folder)
    {
        string root = Path.Combine(Repository.Golden, folder);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "case.json")));
        Dictionary<string, (int[] Shape, double[] Values)> io =
            GoldenFolder.Tensors(Path.Combine(root, "io.safetensors"));
        SortedDictionary<string, int> ran = [];
        List<string> wrong = [];
        foreach (JsonElement item in json.RootElement.GetProperty("items").EnumerateArray())
        {
            string kind = item.GetProperty("kind").GetString()!;
            if (Later.Contains(kind))
            {
                log.WriteLine($"skipped {kind}: {item.GetProperty("name")}");
                continue;
            }

            string? problem = GoldenTransform.Check(kind, item, io, json.RootElement.GetProperty("layouts"));
            ran[kind] = ran.GetValueOrDefault(kind) + 1;
            if (problem is not null)
            {
                wrong.Add($"{item.GetProperty("name")} ({kind}): {problem}");
            }
        }

        log.WriteLine(string.Join(", ", ran.Select(p => $"{p.Key} {p.Value}")));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.NotEmpty(ran);
    }
}
