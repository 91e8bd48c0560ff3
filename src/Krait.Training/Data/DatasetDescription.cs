using System.Globalization;
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
/// ignore: 200             # value or colour of pixels that count nowhere
/// regions:                # what is learned and scored instead of classes
///   - {name: cell, classes: [cytoplasm, nucleus]}
///   - {name: nucleus, classes: [nucleus]}
/// regions_class_order: [cytoplasm, nucleus]
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

    /// <summary>Value or colour of what counts nowhere; null for none.</summary>
    public ClassInfo? Ignore { get; init; }

    public IReadOnlyList<RegionDeclaration> Regions { get; init; } = [];

    /// <summary>The class that each region becomes in a label map; empty: found out.</summary>
    public IReadOnlyList<string> RegionsClassOrder { get; init; } = [];

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
            c.Classes.Select(x => ClassSection.Write(x))))
        .Add("ignore", "value or #rrggbb of pixels that count nowhere", (c, n) => c with { Ignore = ReadIgnore(n) },
            c => ConfigValue.Of(c.Ignore is null ? null : c.Ignore.Value?.ToString(CultureInfo.InvariantCulture)
                ?? c.Ignore.Color.ToString()))
        .Add("regions", "unions of classes, each learned by an output of its own", (c, n) => c with
        {
            Regions = ConfigValue.List(n, x => RegionDeclaration.Section.Overlay(new RegionDeclaration("", []), x)),
        }, c => ConfigValue.Of(c.Regions.Select(x => RegionDeclaration.Section.Write(x))))
        .Texts("regions_class_order", "class that each region becomes in a label map", c => c.RegionsClassOrder,
            (c, v) => c with { RegionsClassOrder = v });

    /// <summary>Reads the file of a folder; null where there is none.</summary>
    /// <exception cref="ConfigException">If it is not such a file.</exception>
    public static DatasetDescription? Find(string root)
    {
        string path = Path.Combine(root, FileName);
        return File.Exists(path) ? Parse(File.ReadAllText(path), FileName) : null;
    }

    /// <summary>The same, or what dataset.json says, as nnU-Net and the Decathlon write it.</summary>
    /// <exception cref="ConfigException">If there is neither, or it cannot be used.</exception>
    public static DatasetDescription OfFolder(string root) => Find(root) ?? DatasetJson.Find(root)
        ?? throw new ConfigException($"{root}: {FileName} or {DatasetJson.FileName} is needed; there is neither.");

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
            Ignore = Ignore,
        };
    }

    /// <summary>The declared regions; none where classes are learned.</summary>
    /// <exception cref="ConfigException">If they do not fit the declared classes.</exception>
    public IReadOnlyList<LabelRegion> ResolveRegions(string source = FileName) =>
        RegionDeclaration.Resolve(Regions, RegionsClassOrder, Classes, source);

    /// <exception cref="ConfigException">If keys contradict each other.</exception>
    internal DatasetDescription Checked(string source)
    {
        if (Classes.Count == 1)
            throw new ConfigException($"{source}: classes needs background and at least one class.");
        if (Classes.Count > MaskCoding.MostClasses)
            throw new ConfigException($"{source}: at most {MaskCoding.MostClasses} classes; got {Classes.Count}.");
        if (Masks == MaskKind.Threshold && Classes.Count > 2)
            throw new ConfigException($"{source}: masks: threshold gives two classes; {Classes.Count} are declared. " +
                "Use value, index or color.");
        if (Masks is MaskKind.Value or MaskKind.Index or MaskKind.Color && Classes.Count == 0)
            throw new ConfigException($"{source}: masks: {Masks.ToString()!.ToLowerInvariant()} needs classes.");
        if (Masks is MaskKind.Value or MaskKind.Index
            && Classes.Select((c, i) => c.Value ?? i).Distinct().Count() != Classes.Count)
            throw new ConfigException($"{source}: two classes have the same value.");
        if (Masks is MaskKind.Color && Classes.Select(c => c.Color).Distinct().Count() != Classes.Count)
            throw new ConfigException($"{source}: two classes have the same colour.");
        if (Ignore is not null) CheckIgnore(source, Ignore);
        _ = ResolveRegions(source);
        return this;
    }

    private void CheckIgnore(string source, ClassInfo ignore)
    {
        if (Masks is null)
            throw new ConfigException($"{source}: ignore needs `masks:` and classes: where they are found out, what " +
                "is to be ignored would be taken for a class.");
        if (Masks == MaskKind.Color != ignore.Value is null)
            throw new ConfigException($"{source}: ignore is a colour where masks are coded by colour, else a number; " +
                $"got {ignore.Value?.ToString(CultureInfo.InvariantCulture) ?? ignore.Color.ToString()} with masks: " +
                $"{Masks.ToString()!.ToLowerInvariant()}.");
        bool isClass = Masks switch
        {
            MaskKind.Color => Classes.Any(c => c.Color == ignore.Color),
            MaskKind.Threshold => false,
            _ => Classes.Select((c, i) => c.Value ?? i).Contains(ignore.Value!.Value),
        };
        if (isClass)
            throw new ConfigException($"{source}: what is ignored must be no class; " +
                $"{ignore.Value?.ToString(CultureInfo.InvariantCulture) ?? ignore.Color.ToString()} is one. Choose " +
                "another or take the class away.");
    }

    private static ClassInfo? ReadIgnore(ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return null;
        return ConfigValue.Text(node).StartsWith('#') ? MaskCoding.IgnoredAs(ParseColor(node))
            : MaskCoding.IgnoredAs((int)ConfigValue.Whole(node, 0, 65535));
    }

    private static IReadOnlyList<ClassInfo> ReadClasses(ConfigNode node)
    {
        int index = 0;
        return ConfigValue.List(node, item =>
        {
            var start = new ClassInfo(index == 0 ? "background" : $"class{index}", ClassInfo.DefaultColor(index));
            index++;
            return item is ConfigScalar { Text: { } name } ? start with { Name = name }
                : ClassSection.Overlay(start, item);
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
