using System.Globalization;
using System.Text.Json;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// dataset.json beside volumes, as the Medical Segmentation Decathlon ("1": "liver") and nnU-Net ("liver": 1) write it;
/// of it name and labels are read, the files are found by their names.
/// </summary>
internal static class DatasetJson
{
    public const string FileName = "dataset.json";

    /// <summary>Reads the file of a folder; null where there is none.</summary>
    /// <exception cref="ConfigException">If it is no such file, or its labels are regions.</exception>
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
        (string Name, int Value)[] classes = [.. labels.EnumerateObject().Select(Label).OrderBy(c => c.Value)];
        if (classes.Length < 2 || classes[0].Value != 0 || classes.DistinctBy(c => c.Value).Count() < classes.Length ||
            classes[^1].Value > 255)
            throw new ConfigException($"{FileName}: labels are 0 for the background and at least one class, up to 255; got " +
                $"{string.Join(", ", classes.Select(c => $"{c.Value} {c.Name}"))}.");
        return new DatasetDescription
        {
            Name = root.TryGetProperty("name", out var name) ? name.GetString() : null,
            Masks = MaskKind.Index,
            Classes = [.. classes.Select((c, i) => new ClassInfo(c.Name, ClassInfo.DefaultColor(i), c.Value))],
        };
    }

    private static (string Name, int Value) Label(JsonProperty label)
    {
        if (int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int value) &&
            label.Value.ValueKind == JsonValueKind.String)
            return (label.Value.GetString()!, value);
        if (label.Name == "ignore" || label.Value.ValueKind != JsonValueKind.Number || !label.Value.TryGetInt32(out value))
            throw new ConfigException($"{FileName}: every label has one number and is learned; got '{label.Name}': " +
                $"{label.Value}. Regions and ignored labels are not read.");
        return (label.Name, value);
    }
}
