using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>What in a mask file names the class.</summary>
public enum MaskKind
{
    /// <summary>Grey value at or above a threshold is class 1.</summary>
    Threshold,

    /// <summary>Grey value, nearest of the classes' values.</summary>
    Value,

    /// <summary>Palette index (or raw grey number), exactly one of the classes' values.</summary>
    Index,

    /// <summary>Colour, nearest of the classes' colours (interpolation noise at borders included).</summary>
    Color,
}

/// <summary>How mask files are turned into class numbers.</summary>
public sealed record MaskCoding
{
    /// <summary>Class number of a pixel whose value no class has (<see cref="MaskKind.Index"/> only).</summary>
    public const byte Unknown = 255;

    /// <summary>Class number of a pixel that counts nowhere: not in losses, scores and statistics.</summary>
    public const byte Ignored = 254;

    /// <summary>Classes that fit below the two marks.</summary>
    public const int MostClasses = 254;

    public MaskKind Kind { get; init; } = MaskKind.Threshold;

    /// <summary>Grey value 0..255 from which a pixel is foreground.</summary>
    public int Threshold { get; init; } = 128;

    /// <summary>Dark is foreground instead.</summary>
    public bool Invert { get; init; }

    /// <summary>Classes, background first.</summary>
    public IReadOnlyList<ClassInfo> Classes { get; init; } = ClassInfo.Binary();

    /// <summary>Value or colour of what becomes <see cref="Ignored"/>; null for nothing. It is exact or the nearest as
    /// for classes, and exact beside a threshold.</summary>
    public ClassInfo? Ignore { get; init; }

    /// <summary>What is ignored, by value.</summary>
    internal static ClassInfo IgnoredAs(int value) => new("ignored", IgnoredColor, value);

    /// <summary>What is ignored, by colour.</summary>
    internal static ClassInfo IgnoredAs(Rgba color) => new("ignored", color);

    /// <summary>Ignored pixels in drawings.</summary>
    internal static Rgba IgnoredColor { get; } = new(150, 150, 150);

    /// <summary>Class of every pixel, [height, width]; <see cref="Unknown"/> where an index names no class.</summary>
    public byte[] Decode(Image mask) => Kind switch
    {
        MaskKind.Threshold => Array.ConvertAll(mask.ToGrey8(), ByThreshold),
        MaskKind.Value => Lookup(mask.ToGrey8(), NearestValues()),
        MaskKind.Index => ByIndex(mask),
        MaskKind.Color => ByColor(mask),
        _ => throw new InvalidOperationException($"mask coding {Kind} is not known."),
    };

    /// <summary>Class of every voxel of a label volume; <see cref="Unknown"/> where an index names no class.</summary>
    /// <exception cref="ConfigException">If classes are coded by colour.</exception>
    public byte[] Decode(byte[] values) => Kind switch
    {
        MaskKind.Threshold => Array.ConvertAll(values, ByThreshold),
        MaskKind.Value => Lookup(values, NearestValues()),
        MaskKind.Index => Lookup(values, IndexTable()),
        _ => throw new ConfigException("masks: color is for pictures; volumes hold numbers. Use index."),
    };

    /// <summary>One line for people.</summary>
    public string Describe() => (Kind switch
    {
        MaskKind.Threshold => $"{Classes[1].Name} where grey is {(Invert ? "below" : "at least")} {Threshold}",
        MaskKind.Value => "nearest grey value: " + string.Join(", ", Classes.Select(c => $"{c.Value} {c.Name}")),
        MaskKind.Index => "index: " + string.Join(", ", Classes.Select(c => $"{c.Value} {c.Name}")),
        _ => "nearest colour: " + string.Join(", ", Classes.Select(c => $"{c.Color} {c.Name}")),
    }) + (Ignore is null ? "" : Kind == MaskKind.Color ? $"; {Ignore.Color} ignored" : $"; {Ignore.Value} ignored");

    /// <summary>Values in mask files and what they become.</summary>
    private List<(int Value, byte Label)> Values()
    {
        List<(int, byte)> values = [.. Classes.Select((c, i) => (c.Value ?? i, (byte)i))];
        if (Ignore is { Value: { } ignored }) values.Add((ignored, Ignored));
        return values;
    }

    private byte ByThreshold(byte grey) =>
        grey == Ignore?.Value ? Ignored : grey >= Threshold != Invert ? (byte)1 : (byte)0;

    private byte[] NearestValues()
    {
        var values = Values();
        return [.. Enumerable.Range(0, 256).Select(v => values.MinBy(x => Math.Abs(x.Value - v)).Label)];
    }

    private byte[] IndexTable()
    {
        var table = new byte[256];
        Array.Fill(table, Unknown);
        foreach (var (value, label) in Values())
            if (value is >= 0 and < 256) table[value] = label;
        return table;
    }

    private byte[] ByIndex(Image mask)
    {
        int[] values = mask.ClassValues() ?? Array.ConvertAll(mask.ToGrey8(), v => (int)v);
        var byValue = Values().ToDictionary(x => x.Value, x => x.Label);
        return Array.ConvertAll(values, v => byValue.TryGetValue(v, out byte c) ? c : Unknown);
    }

    private byte[] ByColor(Image mask)
    {
        byte[] rgb = mask.ToRgb8(), labels = new byte[rgb.Length / 3];
        var known = new Dictionary<int, byte>();
        for (int i = 0; i < labels.Length; i++)
        {
            int r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2], key = (r << 16) | (g << 8) | b;
            if (!known.TryGetValue(key, out byte label)) known[key] = label = NearestColor(r, g, b);
            labels[i] = label;
        }
        return labels;
    }

    private byte NearestColor(int r, int g, int b)
    {
        int Distance(ClassInfo c) => (r - c.Color.R) * (r - c.Color.R) + (g - c.Color.G) * (g - c.Color.G) +
            (b - c.Color.B) * (b - c.Color.B);
        int best = Enumerable.Range(0, Classes.Count).MinBy(c => Distance(Classes[c]));
        return Ignore is not null && Distance(Ignore) < Distance(Classes[best]) ? Ignored : (byte)best;
    }

    private static byte[] Lookup(byte[] grey, byte[] table) => Array.ConvertAll(grey, v => table[v]);
}
