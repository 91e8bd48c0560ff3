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

    public override long Bytes => base.Bytes + sizeof(int) * Places.Sum(p => (long)p.Length);

    /// <summary>Positions of voxels of each class above 0 that occurs.</summary>
    internal static IReadOnlyList<int[]> PlacesOf(byte[] labels, int classes)
    {
        var counts = new long[classes];
        foreach (byte v in labels) counts[v]++;
        var places = new int[classes][];
        for (int c = 1; c < classes; c++) places[c] = new int[Math.Min(counts[c], PlacesPerClass)];
        var seen = new long[classes];
        for (int i = 0; i < labels.Length; i++)
        {
            int c = labels[i];
            if (c == 0) continue;
            // The n-th of k kept voxels is the first at or beyond n / k of the class.
            long n = seen[c] * places[c].Length / counts[c];
            if (seen[c] == 0 || (seen[c] - 1) * places[c].Length / counts[c] != n) places[c][n] = i;
            seen[c]++;
        }
        return [.. places.Skip(1).Where(p => p.Length > 0)];
    }
}
