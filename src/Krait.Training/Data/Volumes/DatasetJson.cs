using System.Globalization;
using System.Text.Json;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// dataset.json beside volumes, as the Medical Segmentation Decathlon ("1": "liver") and nnU-Net ("liver": 1, regions
/// "tumour": [1, 2], "ignore": 3) write it; of it name and labels are read, the files are found by their names.
/// </summary>
internal static class DatasetJson
{
    public const string FileName = "dataset.json";

    /// <summary>Reads the file of a folder; null where there is none.</summary>
    /// <exception cref="ConfigException">If it is no such file, or labels cannot be told apart.</exception>
    public static DatasetDescription? Find(string root)
    {
        string path = Path.Combine(root, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ConfigException($"{FileName}: cannot be read: {e.Message}", e);
        }
    }

    private static DatasetDescription? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("labels", out var labels)) return null;
        Label[] all = [.. labels.EnumerateObject().Select(LabelOf)];
        Label[] named = [.. all.Where(l => !l.IsIgnored)], regions = [.. named.Where(l => l.Values is not [0])];
        bool hasRegions = regions.Any(l => l.Values.Count > 1);
        int[] values = [.. named.SelectMany(l => l.Values).Distinct().Order()];
        if (values.Length < 2 || values[0] != 0 || values[^1] > 255 || (!hasRegions && values.Length < named.Length))
            throw new ConfigException($"{FileName}: labels are 0 for the background and at least one class, up to " +
                $"255; got {string.Join(", ", named.Select(l => $"{string.Join('+', l.Values)} {l.Name}"))}.");
        string NameOf(int value) => named.FirstOrDefault(l => l.Values.SequenceEqual([value]))?.Name
            ?? string.Create(CultureInfo.InvariantCulture, $"label{value}");
        return new DatasetDescription
        {
            Name = root.TryGetProperty("name", out var name) ? name.GetString() : null,
            Masks = MaskKind.Index,
            Classes = [.. values.Select((v, i) => new ClassInfo(NameOf(v), ClassInfo.DefaultColor(i), v))],
            Ignore = all.SingleOrDefault(l => l.IsIgnored) is { } ignored
                ? MaskCoding.IgnoredAs(ignored.Values[0]) : null,
            Regions = !hasRegions ? [] : [.. regions.Select(l =>
                new RegionDeclaration(l.Name, [.. l.Values.Where(v => v != 0).Select(NameOf)]))],
            RegionsClassOrder = !hasRegions || !root.TryGetProperty("regions_class_order", out var order) ? []
                : [.. order.EnumerateArray().Select(v => NameOf(v.GetInt32()))],
        }.Checked(FileName);
    }

    private static Label LabelOf(JsonProperty label)
    {
        var value = label.Value;
        if (int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) &&
            value.ValueKind == JsonValueKind.String)
            return new Label(value.GetString()!, [number]);
        int[]? values = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt32(out int one) => [one],
            JsonValueKind.Array when value.EnumerateArray().All(v => v.TryGetInt32(out _)) =>
                [.. value.EnumerateArray().Select(v => v.GetInt32()).Distinct().Order()],
            _ => null,
        };
        if (values is null or [] || (label.Name == Label.Ignore && values.Length > 1))
            throw new ConfigException($"{FileName}: a label has one number, a region a list of them; got " +
                $"'{label.Name}': {value}.");
        return new Label(label.Name, values);
    }

    private sealed record Label(string Name, IReadOnlyList<int> Values)
    {
        public const string Ignore = "ignore";

        public bool IsIgnored => Name == Ignore;
    }
}
