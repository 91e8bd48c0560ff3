using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>
/// Pairs images and masks by name, never by order: same stem, or the mask's stem is the image's with a known ending
/// such as _segmentation or _mask, or both are the same once known endings are taken off.
/// </summary>
public static class PairMatcher
{
    private static readonly string[] MaskEndings =
    [
        "_segmentation", "_mask", " _mask", "-mask", " mask", ".mask", "_masks", "_seg", "_gt", "_groundtruth",
        "_ground_truth", "_label", "_labels", "_annotation", "_manual1", "_manual", "_1sthO", "_lesion", "_expert",
    ];

    private static readonly string[] ImageEndings = ["_training", "_test", "_image", "_img", "_0000"];

    /// <summary>The outcome: pairs, images and masks without partner, and names with several candidates.</summary>
    public sealed record Result(IReadOnlyList<(string Image, string Mask)> Pairs, IReadOnlyList<string> ImagesAlone,
        IReadOnlyList<string> MasksAlone, IReadOnlyList<string> Ambiguous);

    /// <summary>Matches paths; folders and file endings play no part.</summary>
    public static Result Match(IEnumerable<string> images, IEnumerable<string> masks)
    {
        string[] allMasks = [.. masks];
        var pairs = new List<(string, string)>();
        var alone = new List<string>();
        var ambiguous = new List<string>();
        var used = new HashSet<string>();
        string[] sorted = [.. images.Order(StringComparer.Ordinal)];
        var byStem = allMasks.ToLookup(Stem);
        var byKey = allMasks.ToLookup(m => Strip(Stem(m), MaskEndings));
        var imageKeys = sorted.ToLookup(i => Strip(Stem(i), ImageEndings));
        var imageStems = sorted.ToLookup(Stem);
        foreach (string image in sorted)
        {
            string stem = Stem(image), key = Strip(stem, ImageEndings);
            string[] found = [.. byStem[stem]];
            if (found.Length == 0) found = [.. byKey[stem]];
            if (found.Length == 0 && imageKeys[key].Count() == 1) found = [.. byKey[key]];
            if (found.Length == 0) alone.Add(image);
            else if (found.Length > 1 || imageStems[stem].Count() > 1)
            {
                ambiguous.Add($"{image}: {string.Join(", ", found.Select(Path.GetFileName))}");
                used.UnionWith(found);
            }
            else
            {
                pairs.Add((image, found[0]));
                used.Add(found[0]);
            }
        }
        return new Result(pairs, alone, [.. allMasks.Where(m => !used.Contains(m)).Order(StringComparer.Ordinal)],
            ambiguous);
    }

    private static string Stem(string path) => VolumeFile.StemOf(path).ToLowerInvariant();

    private static string Strip(string stem, string[] endings)
    {
        string? ending = endings.Where(e => stem.EndsWith(e, StringComparison.OrdinalIgnoreCase)
            && stem.Length > e.Length)
            .MaxBy(e => e.Length);
        return ending is null ? stem : stem[..^ending.Length].TrimEnd();
    }
}
