namespace Krait.Imaging.Transforms;

/// <summary>Brings every slice of a volume to another size, as TransUNet's and VM-UNet's code for Synapse does slice by
/// slice with scipy.ndimage.zoom: both ends of an axis stay where they are.</summary>
public static class SliceZoom
{
    /// <summary>Cubic B-spline; slices that have the size already are left alone.</summary>
    /// <param name="samples">[D, H, W, C].</param>
    /// <param name="from">Size of the samples.</param>
    /// <param name="channels">C.</param>
    /// <param name="to">Size wanted, of as many slices.</param>
    public static float[] Cubic(float[] samples, VolumeGeometry from, int channels, VolumeGeometry to)
    {
        if (IsSame(from, to)) return samples;
        float[] result = new float[checked(to.Voxels * channels)], plane = new float[from.Width * from.Height];
        for (int d = 0; d < from.Depth; d++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < plane.Length; i++) plane[i] = samples[((d * plane.Length) + i) * channels + c];
                float[] zoomed = NdTransforms.Zoom(plane, [from.Height, from.Width], [to.Height, to.Width], order: 3);
                for (int i = 0; i < zoomed.Length; i++) result[((d * zoomed.Length) + i) * channels + c] = zoomed[i];
            }
        }

        return result;
    }

    /// <summary>Nearest element, halves upwards: order 0.</summary>
    /// <param name="values">[D, H, W, C].</param>
    /// <param name="from">Size of the values.</param>
    /// <param name="channels">C.</param>
    /// <param name="to">Size wanted, of as many slices.</param>
    public static T[] Nearest<T>(T[] values, VolumeGeometry from, int channels, VolumeGeometry to)
    {
        if (IsSame(from, to)) return values;
        int[] rows = Sources(from.Height, to.Height), columns = Sources(from.Width, to.Width);
        T[] result = new T[checked(to.Voxels * channels)];
        int at = 0;
        for (int d = 0; d < from.Depth; d++)
            foreach (int row in rows)
                foreach (int column in columns)
                {
                    int source = ((((d * from.Height) + row) * from.Width) + column) * channels;
                    values.AsSpan(source, channels).CopyTo(result.AsSpan(at));
                    at += channels;
                }

        return result;
    }

    private static bool IsSame(VolumeGeometry from, VolumeGeometry to)
    {
        if (from.Depth != to.Depth)
            throw new ArgumentException($"slice zoom: slices stay as many; got {from.Depth} and {to.Depth}.");
        return (from.Width, from.Height) == (to.Width, to.Height);
    }

    private static int[] Sources(int from, int to)
    {
        double step = to > 1 ? (from - 1.0) / (to - 1.0) : 1;
        return [.. Enumerable.Range(0, to).Select(i => Math.Min((int)Math.Floor((i * step) + 0.5), from - 1))];
    }
}
