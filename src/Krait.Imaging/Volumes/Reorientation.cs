namespace Krait.Imaging;

/// <summary>Exchange and reversal of a volume's axes, without interpolation.</summary>
public sealed class Reorientation
{
    private static readonly int[][] Orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    private readonly int[] source;
    private readonly bool[] flipped;

    private Reorientation(int[] source, bool[] flipped) => (this.source, this.flipped) = (source, flipped);

    /// <summary>Nothing moves.</summary>
    public bool IsIdentity => source is [0, 1, 2] && !Array.Exists(flipped, f => f);

    /// <summary>The way back.</summary>
    public Reorientation Inverse
    {
        get
        {
            int[] back = new int[3];
            bool[] turned = new bool[3];
            for (int axis = 0; axis < 3; axis++)
            {
                (back[source[axis]], turned[source[axis]]) = (axis, flipped[axis]);
            }

            return new Reorientation(back, turned);
        }
    }

    /// <summary>The exchange after which i, j and k grow as nearly as possible to the right, front and head.</summary>
    public static Reorientation ToRas(Affine affine)
    {
        var (x, y, z) = affine.SpacingMm;
        double[] spacing = [x, y, z];
        double Along(int world, int axis) => affine[world, axis] / Math.Max(spacing[axis], double.Epsilon);
        int[] best = Orders.MaxBy(o => Math.Abs(Along(0, o[0])) + Math.Abs(Along(1, o[1])) + Math.Abs(Along(2, o[2])))!;
        return new Reorientation(best, [.. best.Select((axis, world) => affine[world, axis] < 0)]);
    }

    /// <summary>Axis (0 column, 1 row, 2 slice) of the old volume that becomes <paramref name="axis"/>.</summary>
    public int SourceAxis(int axis) => source[axis];

    /// <summary>Whether that axis is reversed.</summary>
    public bool IsFlipped(int axis) => flipped[axis];

    /// <summary>The grid afterwards.</summary>
    public VolumeGeometry Apply(VolumeGeometry geometry)
    {
        if (IsIdentity)
        {
            return geometry;
        }

        int[] size = [geometry.Width, geometry.Height, geometry.Depth];
        double[] map = new double[12];
        for (int axis = 0; axis < 3; axis++)
        {
            map[(source[axis] * 4) + axis] = flipped[axis] ? -1 : 1;
            map[(source[axis] * 4) + 3] = flipped[axis] ? size[source[axis]] - 1 : 0;
        }

        return new VolumeGeometry(size[source[0]], size[source[1]], size[source[2]],
            geometry.Affine.Of(new Affine(map)));
    }

    /// <summary>Moves samples; the same array where nothing moves.</summary>
    /// <param name="samples">[D, H, W, C].</param>
    /// <param name="geometry">Their grid, before.</param>
    /// <param name="channels">C.</param>
    public T[] Apply<T>(T[] samples, VolumeGeometry geometry, int channels)
    {
        if (IsIdentity)
        {
            return samples;
        }

        int[] size = [geometry.Width, geometry.Height, geometry.Depth];
        int[] stride = [1, geometry.Width, geometry.Width * geometry.Height];
        int Step(int axis) => flipped[axis] ? -stride[source[axis]] : stride[source[axis]];
        int first = Enumerable.Range(0, 3).Sum(a => flipped[a] ? (size[source[a]] - 1) * stride[source[a]] : 0);
        var (width, height, depth) = (size[source[0]], size[source[1]], size[source[2]]);
        T[] result = new T[samples.Length];
        int to = 0;
        for (int k = 0; k < depth; k++)
        {
            for (int j = 0; j < height; j++)
            {
                int from = first + (k * Step(2)) + (j * Step(1));
                for (int i = 0; i < width; i++, from += Step(0), to += channels)
                {
                    samples.AsSpan(from * channels, channels).CopyTo(result.AsSpan(to));
                }
            }
        }

        return result;
    }
}
