using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>Finds out which values label volumes hold.</summary>
internal static class LabelSurvey
{
    private const int LargestClassCount = 64;

    /// <summary>A class for each value that occurs, in order; 0 is the background whether or not it occurs.</summary>
    /// <exception cref="ConfigException">If there is no foreground, or too many values for classes.</exception>
    public static MaskCoding Of(IEnumerable<LabelVolume> volumes)
    {
        var occurs = new bool[256];
        occurs[0] = true;
        foreach (var volume in volumes)
            foreach (byte v in volume.Labels) occurs[v] = true;
        int[] values = [.. Enumerable.Range(0, 256).Where(v => occurs[v])];
        if (values.Length is < 2 or > LargestClassCount)
            throw new ConfigException($"masks: label volumes hold 2 to {LargestClassCount} values; got " +
                $"{values.Length}. Declare classes in dataset.yaml.");
        return new MaskCoding
        {
            Kind = MaskKind.Index,
            Classes = [.. values.Select((v, c) => new ClassInfo(c == 0 ? "background"
                : values.Length == 2 ? "foreground" : FormattableString.Invariant($"class{c}"),
                ClassInfo.DefaultColor(c), v))],
        };
    }
}
