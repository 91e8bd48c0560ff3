namespace Krait.Imaging.Transforms;

/// <summary>Volumes on another grid over the same box: positions are the middles of voxels.</summary>
public static class VolumeTransforms
{
    /// <summary>Trilinear; the same array where nothing changes.</summary>
    /// <param name="x">[D, H, W, C].</param>
    /// <param name="from">Its grid; only the size counts.</param>
    /// <param name="channels">C.</param>
    /// <param name="to">The grid wanted; only the size counts.</param>
    public static float[] ResizeLinear(float[] x, VolumeGeometry from, int channels, VolumeGeometry to)
    {
        if ((from.Width, from.Height) != (to.Width, to.Height))
        {
            x = EachSlice(x, from, channels, to, slice =>
                ImageTransforms.ResizeBilinear(slice, from.Height, from.Width, channels, to.Height, to.Width));
        }

        return from.Depth == to.Depth ? x
            : ImageTransforms.ResizeBilinear(x, from.Depth, 1, to.Height * to.Width * channels, to.Depth, 1);
    }

    /// <summary>Nearest voxel; the same array where nothing changes.</summary>
    /// <param name="labels">[D, H, W].</param>
    /// <param name="from">Its grid; only the size counts.</param>
    /// <param name="to">The grid wanted; only the size counts.</param>
    public static byte[] ResizeNearest(byte[] labels, VolumeGeometry from, VolumeGeometry to)
    {
        if ((from.Width, from.Height, from.Depth) == (to.Width, to.Height, to.Depth))
        {
            return labels;
        }

        int[] columns = Sources(from.Width, to.Width), rows = Sources(from.Height, to.Height);
        byte[] result = new byte[to.Voxels];
        int at = 0;
        foreach (int slice in Sources(from.Depth, to.Depth))
        {
            foreach (int row in rows)
            {
                int start = ((slice * from.Height) + row) * from.Width;
                foreach (int column in columns)
                {
                    result[at++] = labels[start + column];
                }
            }
        }

        return result;
    }

    private static int[] Sources(int size, int outSize) =>
        [.. Enumerable.Range(0, outSize).Select(i => (int)((i + 0.5) * size / outSize))];

    private static float[] EachSlice(
        float[] x, VolumeGeometry from, int channels, VolumeGeometry to, Func<float[], float[]> resize)
    {
        int size = from.Width * from.Height * channels, outSize = to.Width * to.Height * channels;
        float[] result = new float[from.Depth * outSize];
        for (int d = 0; d < from.Depth; d++)
        {
            resize(x[(d * size)..((d + 1) * size)]).CopyTo(result, d * outSize);
        }

        return result;
    }
}
