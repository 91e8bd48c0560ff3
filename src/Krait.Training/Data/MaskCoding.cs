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

    public MaskKind Kind { get; init; } = MaskKind.Threshold;

    /// <summary>Grey value 0..255 from which a pixel is foreground.</summary>
    public int Threshold { get; init; } = 128;

    /// <summary>Dark is foreground instead.</summary>
    public bool Invert { get; init; }

    /// <summary>Classes, background first.</summary>
    public IReadOnlyList<ClassInfo> Classes { get; init; } = ClassInfo.Binary();

    /// <summary>Class of every pixel, [height, width]; <see cref="Unknown"/> where an index names no class.</summary>
    public byte[] Decode(Image mask) => Kind switch
    {
        MaskKind.Threshold => ByThreshold(mask),
        MaskKind.Value => Lookup(mask.ToGrey8(), NearestValues()),
        MaskKind.Index => ByIndex(mask),
        MaskKind.Color => ByColor(mask),
        _ => throw new InvalidOperationException($"mask coding {Kind} is not known."),
    };

    /// <summary>Class of every voxel of a label volume; <see cref="Unknown"/> where an index names no class.</summary>
    /// <exception cref="ConfigException">If classes are coded by colour.</exception>
    public byte[] Decode(byte[] values) => Kind switch
    {
        MaskKind.Threshold => Array.ConvertAll(values, v => v >= Threshold != Invert ? (byte)1 : (byte)0),
        MaskKind.Value => Lookup(values, NearestValues()),
        MaskKind.Index => Lookup(values, IndexTable()),
        _ => throw new ConfigException("masks: color is for pictures; volumes hold numbers. Use index."),
    };

    /// <summary>One line for people.</summary>
    public string Describe() => Kind switch
    {
        MaskKind.Threshold => $"{Classes[1].Name} where grey is {(Invert ? "below" : "at least")} {Threshold}",
        MaskKind.Value => "nearest grey value: " + string.Join(", ", Classes.Select(c => $"{c.Value} {c.Name}")),
        MaskKind.Index => "index: " + string.Join(", ", Classes.Select(c => $"{c.Value} {c.Name}")),
        _ => "nearest colour: " + string.Join(", ", Classes.Select(c => $"{c.Color} {c.Name}")),
    };

    private byte[] ByThreshold(Image mask)
    {
        byte[] grey = mask.ToGrey8(), labels = new byte[grey.Length];
        for (int i = 0; i < grey.Length; i++) labels[i] = grey[i] >= Threshold != Invert ? (byte)1 : (byte)0;
        return labels;
    }

    private byte[] NearestValues()
    {
        var table = new byte[256];
        for (int v = 0; v < 256; v++)
            table[v] = (byte)Enumerable.Range(0, Classes.Count).MinBy(c => Math.Abs((Classes[c].Value ?? c) - v));
        return table;
    }

    private byte[] IndexTable()
    {
        var table = new byte[256];
        Array.Fill(table, Unknown);
        for (int c = 0; c < Classes.Count; c++)
            if ((Classes[c].Value ?? c) is >= 0 and < 256 and var v) table[v] = (byte)c;
        return table;
    }

    private byte[] ByIndex(Image mask)
    {
        int[] values = mask.ClassValues() ?? Array.ConvertAll(mask.ToGrey8(), v => (int)v);
        var byValue = new Dictionary<int, byte>();
        for (int c = 0; c < Classes.Count; c++) byValue[Classes[c].Value ?? c] = (byte)c;
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
        int best = 0, bestDistance = int.MaxValue;
        for (int c = 0; c < Classes.Count; c++)
        {
            var k = Classes[c].Color;
            int distance = (r - k.R) * (r - k.R) + (g - k.G) * (g - k.G) + (b - k.B) * (b - k.B);
            if (distance < bestDistance) (best, bestDistance) = (c, distance);
        }
        return (byte)best;
    }

    private static byte[] Lookup(byte[] grey, byte[] table) => Array.ConvertAll(grey, v => table[v]);
}
