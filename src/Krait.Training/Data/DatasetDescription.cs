using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// The file dataset.yaml beside the pictures; all keys are optional.
/// <code>
/// name: wbc
/// masks: value            # threshold | value | index | color
/// threshold: 128          # threshold: grey from which a pixel is foreground
/// invert: false           # threshold: dark is foreground
/// classes:                # background first
///   - {name: background, value: 0}
///   - {name: cytoplasm, value: 128, color: "#3cb44b"}
///   - {name: nucleus, value: 255, color: "#e6194b"}
/// </code>
/// </summary>
public sealed record DatasetDescription
{
    public const string FileName = "dataset.yaml";

    public string? Name { get; init; }
    public MaskKind? Masks { get; init; }
    public int Threshold { get; init; } = 128;
    public bool Invert { get; init; }
    public IReadOnlyList<ClassInfo> Classes { get; init; } = [];

    private static ConfigSection<ClassInfo> ClassSection { get; } = new ConfigSection<ClassInfo>()
        .Text("name", "name for reports", c => c.Name, (c, v) => c with { Name = v ?? "" })
        .Add("value", "grey value or palette index", (c, n) => c with
        { Value = ConfigValue.IsNull(n) ? null : (int)ConfigValue.Whole(n, 0, 65535) },
            c => c.Value is { } v ? ConfigValue.Of((long)v) : ConfigValue.Of((string?)null))
        .Add("color", "colour in masks and overlays, #rrggbb", (c, n) => c with { Color = ParseColor(n) },
            c => ConfigValue.Of(c.Color.ToString()));

    /// <summary>Keys of the file.</summary>
    public static ConfigSection<DatasetDescription> Section { get; } = new ConfigSection<DatasetDescription>()
        .Text("name", "name for reports", c => c.Name, (c, v) => c with { Name = v })
        .Choice("masks", "what in a mask names the class", c => c.Masks, (c, v) => c with { Masks = v },
            ("auto", (MaskKind?)null), ("threshold", MaskKind.Threshold), ("value", MaskKind.Value),
            ("index", MaskKind.Index), ("color", MaskKind.Color))
        .Whole("threshold", "grey from which a pixel is foreground", c => c.Threshold,
            (c, v) => c with { Threshold = v }, 0, 256)
        .Switch("invert", "dark is foreground", c => c.Invert, (c, v) => c with { Invert = v })
        .Add("classes", "classes, background first", (c, n) => c with { Classes = ReadClasses(n) }, c => ConfigValue.Of(
            c.Classes.Select(x => ClassSection.Write(x))));

    /// <summary>Reads the file of a folder; null where there is none.</summary>
    /// <exception cref="ConfigException">If it is not such a file.</exception>
    public static DatasetDescription? Find(string root)
    {
        string path = Path.Combine(root, FileName);
        return File.Exists(path) ? Parse(File.ReadAllText(path), FileName) : null;
    }

    public static DatasetDescription Parse(string yaml, string source) =>
        Section.Overlay(new DatasetDescription(), ConfigNode.Parse(yaml, source)).Checked(source);

    public string ToYaml() => ConfigText.Write(Section.Write(this));

    /// <summary>The declared coding, or null where the file leaves it to be found out.</summary>
    public MaskCoding? Coding()
    {
        if (Masks is null) return null;
        return new MaskCoding
        {
            Kind = Masks.Value,
            Threshold = Threshold,
            Invert = Invert,
            Classes = Classes.Count > 0 ? Classes : ClassInfo.Binary(),
        };
    }

    private DatasetDescription Checked(string source)
    {
        if (Classes.Count == 1) throw new ConfigException($"{source}: classes needs background and at least one class.");
        if (Classes.Count > 254) throw new ConfigException($"{source}: at most 254 classes; got {Classes.Count}.");
        if (Masks == MaskKind.Threshold && Classes.Count > 2)
            throw new ConfigException($"{source}: masks: threshold gives two classes; {Classes.Count} are declared. " +
                "Use value, index or color.");
        if (Masks is MaskKind.Value or MaskKind.Index or MaskKind.Color && Classes.Count == 0)
            throw new ConfigException($"{source}: masks: {Masks.ToString()!.ToLowerInvariant()} needs classes.");
        if (Masks is MaskKind.Value or MaskKind.Index && Classes.Select((c, i) => c.Value ?? i).Distinct().Count() != Classes.Count)
            throw new ConfigException($"{source}: two classes have the same value.");
        if (Masks is MaskKind.Color && Classes.Select(c => c.Color).Distinct().Count() != Classes.Count)
            throw new ConfigException($"{source}: two classes have the same colour.");
        return this;
    }

    private static IReadOnlyList<ClassInfo> ReadClasses(ConfigNode node)
    {
        int index = 0;
        return ConfigValue.List(node, item =>
        {
            var start = new ClassInfo(index == 0 ? "background" : $"class{index}", ClassInfo.DefaultColor(index));
            index++;
            return item is ConfigScalar { Text: { } name } ? start with { Name = name } : ClassSection.Overlay(start, item);
        });
    }

    private static Rgba ParseColor(ConfigNode node)
    {
        try
        {
            return Rgba.Parse(ConfigValue.Text(node));
        }
        catch (FormatException)
        {
            throw ConfigValue.Wrong(node, "a colour such as \"#e6194b\" (quoted, since # begins a comment)");
        }
    }
}
