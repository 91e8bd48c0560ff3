namespace Krait.Training.Data;

/// <summary>Copies a patch out of a volume, flipped, or turned and scaled about its middle in millimetres, so that a
/// turn is a turn where voxels are no cubes. Zeros outside the volume.</summary>
internal static class PatchCutter
{
    /// <param name="volume">Where from.</param>
    /// <param name="channels">Channels of its image.</param>
    /// <param name="patch">Size of the patch.</param>
    /// <param name="origin">Its first corner before flips, turns and scaling.</param>
    /// <param name="move">What happens to it.</param>
    /// <param name="image">[d, h, w, C]: linear interpolation.</param>
    /// <param name="target">[d, h, w]: nearest voxel.</param>
    public static void Cut(PreparedVolume volume, int channels, Extent patch, Extent origin, PatchMove move,
        Span<float> image, Span<float> target)
    {
        image.Clear();
        target.Clear();
        double[] from = Frame(volume, patch, origin, move, out double[,] step);
        var size = volume.Size;
        for (int d = 0, to = 0; d < patch.D; d++)
            for (int h = 0; h < patch.H; h++)
                for (int w = 0; w < patch.W; w++, to++)
                {
                    double z = from[0] + step[0, 0] * d + step[0, 1] * h + step[0, 2] * w;
                    double y = from[1] + step[1, 0] * d + step[1, 1] * h + step[1, 2] * w;
                    double x = from[2] + step[2, 0] * d + step[2, 1] * h + step[2, 2] * w;
                    if (move.IsOnGrid)
                        Copy(volume, channels, Position((int)z, (int)y, (int)x, size), to, image, target);
                    else Interpolate(volume, channels, z, y, x, to, image, target);
                }
    }

    /// <summary>Source of the patch's first voxel, and how it moves with a step along each axis of the patch.</summary>
    private static double[] Frame(PreparedVolume volume, Extent patch, Extent origin, PatchMove move,
        out double[,] step)
    {
        double[] mm = volume.Spacing.ToArray();
        int[] length = patch.ToArray(), corner = origin.ToArray();
        bool[] flip = [move.FlipD, move.FlipH, move.FlipW];
        double[,] matrix = move.IsOnGrid ? new double[,] { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } : move.Matrix();
        step = new double[3, 3];
        var first = new double[3];
        for (int i = 0; i < 3; i++)
        {
            first[i] = corner[i] + (length[i] - 1) / 2.0;
            for (int j = 0; j < 3; j++)
            {
                step[i, j] = (flip[j] ? -1 : 1) * (i == j ? matrix[i, j] : matrix[i, j] * mm[j] / mm[i]);
                first[i] -= step[i, j] * (length[j] - 1) / 2.0;
            }
        }
        return first;
    }

    /// <summary>Index of a voxel; -1 outside.</summary>
    private static int Position(int z, int y, int x, Extent size) =>
        (uint)z < (uint)size.D && (uint)y < (uint)size.H && (uint)x < (uint)size.W ? (z * size.H + y) * size.W + x : -1;

    private static void Copy(PreparedVolume volume, int channels, int from, int to, Span<float> image,
        Span<float> target)
    {
        if (from < 0) return;
        target[to] = volume.Target[from];
        for (int c = 0; c < channels; c++) image[to * channels + c] = volume.Image[from * channels + c];
    }

    private static void Interpolate(PreparedVolume volume, int channels, double z, double y, double x, int to,
        Span<float> image, Span<float> target)
    {
        var size = volume.Size;
        int near = Position((int)Math.Floor(z + 0.5), (int)Math.Floor(y + 0.5), (int)Math.Floor(x + 0.5), size);
        if (near >= 0) target[to] = volume.Target[near];
        int d = (int)Math.Floor(z), h = (int)Math.Floor(y), w = (int)Math.Floor(x);
        float pz = (float)(z - d), py = (float)(y - h), px = (float)(x - w);
        for (int corner = 0; corner < 8; corner++)
        {
            int at = Position(d + (corner >> 2), h + ((corner >> 1) & 1), w + (corner & 1), size);
            if (at < 0) continue;
            float weight = ((corner & 4) != 0 ? pz : 1 - pz) * ((corner & 2) != 0 ? py : 1 - py) *
                ((corner & 1) != 0 ? px : 1 - px);
            for (int c = 0; c < channels; c++) image[to * channels + c] += weight * volume.Image[at * channels + c];
        }
    }
}
