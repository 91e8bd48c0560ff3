namespace Krait.Training.Data;

/// <summary>A volume ready for patches to be cut.</summary>
/// <param name="Image">[D, H, W, C] float32, axes to the head, front and right; resampled and normalised.</param>
/// <param name="Target">[D, H, W] class number.</param>
/// <param name="Size">D, H, W.</param>
/// <param name="Spacing">Voxel size.</param>
/// <param name="Places">Positions in the target of some voxels of each foreground class that occurs.</param>
public sealed record PreparedVolume(float[] Image, float[] Target, Extent Size, VoxelSize Spacing,
    IReadOnlyList<int[]> Places) : PreparedSample(Image, Target)
{
    /// <summary>Voxels of a class that are kept; evenly spread over it.</summary>
    public const int PlacesPerClass = 4096;

    /// <summary>Where some voxels are ignored: positions of some of the others. Else empty: all are.</summary>
    public int[] Annotated { get; init; } = [];

    public override long Bytes => base.Bytes + sizeof(int) * (Places.Sum(p => (long)p.Length) + Annotated.Length);

    /// <summary>Positions of voxels of each class above 0 that occurs.</summary>
    internal static IReadOnlyList<int[]> PlacesOf(byte[] labels, int classes) =>
        [.. Spread(labels, classes, v => v < classes ? v : 0).Skip(1).Where(p => p.Length > 0)];

    /// <summary>Positions of voxels that are not ignored; empty where none is.</summary>
    internal static int[] AnnotatedOf(byte[] labels) => !labels.Contains(MaskCoding.Ignored) ? []
        : Spread(labels, 2, v => v == MaskCoding.Ignored ? 0 : 1)[1];

    /// <summary>Positions of some voxels of each group above 0, evenly spread over the group.</summary>
    private static int[][] Spread(byte[] labels, int groups, Func<byte, int> groupOf)
    {
        int[] group = [.. Enumerable.Range(0, 256).Select(v => groupOf((byte)v))];
        var counts = new long[groups];
        foreach (byte v in labels) counts[group[v]]++;
        int[][] places = [.. counts.Select((n, g) => new int[g == 0 ? 0 : Math.Min(n, PlacesPerClass)])];
        var seen = new long[groups];
        for (int i = 0; i < labels.Length; i++)
        {
            int g = group[labels[i]];
            if (g == 0) continue;
            // The n-th of k kept voxels is the first at or beyond n / k of the group.
            long n = seen[g] * places[g].Length / counts[g];
            if (seen[g] == 0 || (seen[g] - 1) * places[g].Length / counts[g] != n) places[g][n] = i;
            seen[g]++;
        }
        return places;
    }
}
