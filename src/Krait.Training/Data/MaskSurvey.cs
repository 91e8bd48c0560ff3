using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// Finds out how masks are coded by looking at some of them; what it found is shown and can be overruled in
/// dataset.yaml. It refuses rather than guesses when the values fit no rule.
/// </summary>
public static class MaskSurvey
{
    private const int LargestClassCount = 16;

    /// <summary>A class must hold this share of all pixels looked at.</summary>
    private const double LeastShare = 0.0002;

    /// <summary>Pixels that are of a class's very colour or near its grey value; borders may differ.</summary>
    private const double LeastCover = 0.8;

    /// <summary>Looks at the pictures and decides.</summary>
    /// <exception cref="ConfigException">If no rule fits; the message shows what was seen.</exception>
    public static MaskCoding Of(IEnumerable<Image> masks)
    {
        var colours = new Dictionary<int, long>();
        var indices = new SortedDictionary<int, (long Count, Rgba Color)>();
        long total = 0, coloured = 0;
        bool allPalette = true;
        foreach (var mask in masks)
        {
            byte[] rgb = mask.ToRgb8();
            for (int i = 0; i < rgb.Length; i += 3)
            {
                int key = (rgb[i] << 16) | (rgb[i + 1] << 8) | rgb[i + 2];
                colours[key] = colours.GetValueOrDefault(key) + 1;
                int spread = Math.Max(rgb[i], Math.Max(rgb[i + 1], rgb[i + 2])) -
                    Math.Min(rgb[i], Math.Min(rgb[i + 1], rgb[i + 2]));
                if (spread > 48) coloured++;
            }
            total += rgb.Length / 3;
            allPalette &= CountIndices(mask, indices);
        }
        if (total == 0) throw new ConfigException("masks: none could be read, so their coding is not known.");
        bool isColour = coloured > total * LeastShare;
        if (isColour && allPalette && indices.Count <= LargestClassCount + 1) return ByIndex(indices);
        return isColour ? ByColour(colours, total) : ByGrey(colours, total);
    }

    private static bool CountIndices(Image mask, SortedDictionary<int, (long, Rgba)> indices)
    {
        if (mask.PaletteIndices is not { } raw || mask.Palette is not { } palette) return false;
        foreach (var group in raw.GroupBy(x => x))
        {
            long old = indices.TryGetValue(group.Key, out var seen) ? seen.Item1 : 0;
            indices[group.Key] = (old + group.Count(), group.Key < palette.Length ? palette[group.Key] : default);
        }
        return true;
    }

    private static MaskCoding ByIndex(SortedDictionary<int, (long Count, Rgba Color)> indices) => new()
    {
        Kind = MaskKind.Index,
        Classes = [.. indices.Select((x, c) =>
            new ClassInfo(Name(c), c == 0 ? ClassInfo.DefaultColor(0) : x.Value.Color, x.Key))],
    };

    private static MaskCoding ByColour(Dictionary<int, long> colours, long total)
    {
        var kept = new List<int>();
        foreach (var (key, count) in colours.OrderByDescending(x => x.Value).ThenBy(x => x.Key))
        {
            if (count < total * LeastShare || kept.Count > LargestClassCount) break;
            if (kept.TrueForAll(k => Distance(k, key) > 60)) kept.Add(key);
        }
        if (kept.Count is < 2 or > LargestClassCount)
            throw Unclear($"{kept.Count} colours that are frequent and distinct", colours, total);
        double covered = (double)kept.Sum(k => colours[k]) / total;
        if (covered < LeastCover) throw Unclear(FormattableString.Invariant(
            $"{kept.Count} frequent colours that cover only {100 * covered:0} % of the pixels"), colours, total);
        // Background is black, or else the most frequent colour; the others are numbered by their own number.
        int background = kept.Contains(0) ? 0 : kept[0];
        int[] order = [background, .. kept.Where(k => k != background).Order()];
        return new MaskCoding
        {
            Kind = MaskKind.Color,
            Classes = [.. order.Select((k, c) => new ClassInfo(Name(c), ToColor(k)))],
        };
    }

    private static MaskCoding ByGrey(Dictionary<int, long> colours, long total)
    {
        var counts = new long[256];
        foreach (var (key, count) in colours) counts[((key >> 16) + ((key >> 8) & 255) + (key & 255)) / 3] += count;
        int[] present = [.. Enumerable.Range(0, 256).Where(v => counts[v] > 0)];
        if (present.Length == 1 || (present.Length == 2 && present[0] == 0))
            return Threshold(present.Length == 1 ? 128 : Math.Min(128, (present[1] + 1) / 2));
        long middle = 0;
        for (int v = 64; v < 192; v++) middle += counts[v];
        int[] peaks = [.. present.Where(v => IsPeak(counts, v, total))];
        // Two heaps at the ends with a thin bridge are a binary mask with soft or compressed borders.
        bool endsOnly = Array.TrueForAll(peaks, p => p < 64 || p >= 192);
        if (endsOnly && middle < total * 0.05 && present[^1] >= 192) return Threshold(128);
        long near = Enumerable.Range(0, 256).Where(v => peaks.Any(p => Math.Abs(p - v) <= 8)).Sum(v => counts[v]);
        if (peaks.Length is < 2 or > LargestClassCount || near < total * LeastCover)
            throw Unclear($"{peaks.Length} grey values that stand out", colours, total);
        return new MaskCoding
        {
            Kind = MaskKind.Value,
            Classes = [.. peaks.Select((v, c) => new ClassInfo(Name(c), ClassInfo.DefaultColor(c), v))],
        };
    }

    private static MaskCoding Threshold(int threshold) => new() { Threshold = threshold };

    // A local maximum that holds a class's share and half of what lies within 8 of it.
    private static bool IsPeak(long[] counts, int v, long total)
    {
        if (counts[v] < total * LeastShare) return false;
        long around = 0;
        for (int u = Math.Max(0, v - 8); u <= Math.Min(255, v + 8); u++)
        {
            around += counts[u];
            if (Math.Abs(u - v) < 8 && (counts[u] > counts[v] && Math.Abs(u - v) <= 2)) return false;
        }
        return counts[v] * 2 >= around || around == counts[v];
    }

    private static string Name(int c) => c == 0 ? "background" : FormattableString.Invariant($"class{c}");

    private static int Distance(int a, int b)
    {
        int r = (a >> 16) - (b >> 16), g = ((a >> 8) & 255) - ((b >> 8) & 255), l = (a & 255) - (b & 255);
        return (int)Math.Sqrt(r * r + g * g + l * l);
    }

    private static Rgba ToColor(int key) => new((byte)(key >> 16), (byte)(key >> 8), (byte)key);

    private static ConfigException Unclear(string seen, Dictionary<int, long> colours, long total)
    {
        var top = colours.OrderByDescending(x => x.Value).Take(8)
            .Select(x => FormattableString.Invariant($"{ToColor(x.Key)} {100.0 * x.Value / total:0.0} %"));
        return new ConfigException($"masks: their coding is not clear: {seen}. Most frequent: " +
            $"{string.Join(", ", top)}. " +
            "Declare classes and mask coding in dataset.yaml.");
    }
}
