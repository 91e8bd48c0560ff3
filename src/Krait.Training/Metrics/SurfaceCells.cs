using System.Numerics;

namespace Krait.Training.Metrics;

/// <summary>
/// The surface between foreground and background as marching cubes draw it: one cell between every 2 x 2 x 2 elements,
/// with the area of the surface in it.
/// </summary>
/// <remarks>
/// Lorensen and Cline, "Marching cubes", 1987, vertices in the middle of edges. The corners of the rarer kind (all of
/// the foreground if they are 4) fall into pieces joined by edges; each piece is cut off by a surface of its own, and
/// the areas of these follow from their projections a = (s1 s2, s0 s2, s0 s1) along the axes, s the spacings:
/// one corner |a| / 8; an edge along m half of |a without m|; three corners in a plane across n: a_n / 2 + 3/8 |a|;
/// four in it: a_n; a corner with its three neighbours 3/4 |a|; a chain of four along axes i, m, j: |a| / 2 + |(a_i,
/// a_m)| / 4 + |(a_m, a_j)| / 4.
/// </remarks>
internal static class SurfaceCells
{
    /// <summary>Extents of the cells around a mask: one more along every axis;
    /// a flat mask is one element thick.</summary>
    public static MaskGrid Around(MaskGrid grid)
    {
        int[] dims = [.. grid.Dims, .. Enumerable.Repeat(1, 3 - grid.Dims.Count)];
        double[] spacing = [.. grid.Spacing, .. Enumerable.Repeat(1.0, 3 - grid.Dims.Count)];
        return new MaskGrid([.. dims.Select(d => d + 1)], spacing);
    }

    /// <summary>Area in every cell; 0 where there is no surface.</summary>
    public static double[] Areas(bool[] mask, MaskGrid cells)
    {
        double[] areas = AreasOfCodes(cells.Spacing);
        var result = new double[cells.Count];
        (int d, int h, int w) = (cells.Dims[0] - 1, cells.Dims[1] - 1, cells.Dims[2] - 1);
        bool Is(int z, int y, int x) =>
            (uint)z < (uint)d && (uint)y < (uint)h && (uint)x < (uint)w && mask[(((z * h) + y) * w) + x];
        int i = 0;
        for (int z = 0; z <= d; z++)
            for (int y = 0; y <= h; y++)
                for (int x = 0; x <= w; x++, i++)
                {
                    int code = 0;
                    for (int corner = 0; corner < 8; corner++)
                        if (Is(z - 1 + (corner >> 2), y - 1 + (corner >> 1 & 1), x - 1 + (corner & 1)))
                            code |= 1 << corner;
                    result[i] = areas[code];
                }
        return result;
    }

    /// <summary>Area for each set of foreground corners; corner c lies at (c / 4, c / 2 % 2, c % 2).</summary>
    internal static double[] AreasOfCodes(IReadOnlyList<double> spacing)
    {
        double[] a = [spacing[1] * spacing[2], spacing[0] * spacing[2], spacing[0] * spacing[1]];
        return [.. Enumerable.Range(0, 256).Select(code => BitOperations.PopCount((uint)code) > 4 ? code ^ 255 : code)
            .Select(code => Pieces(code).Sum(piece => Area(piece, a)))];
    }

    /// <summary>Sets of corners that edges join.</summary>
    static IEnumerable<int> Pieces(int code)
    {
        while (code != 0)
        {
            int piece = code & -code, before = 0;
            while (piece != before)
            {
                before = piece;
                for (int corner = 0; corner < 8; corner++)
                    if ((before >> corner & 1) != 0)
                        for (int axis = 0; axis < 3; axis++)
                            piece |= code & (1 << Across(corner, axis));
            }
            yield return piece;
            code &= ~piece;
        }
    }

    static double Area(int piece, double[] a)
    {
        int[] corners = [.. Enumerable.Range(0, 8).Where(c => (piece >> c & 1) != 0)];
        int[][] edges = [.. corners.Select(c => Enumerable.Range(0, 3)
            .Where(axis => (piece >> Across(c, axis) & 1) != 0).ToArray())];
        int[] axes = [.. edges.SelectMany(e => e).Distinct().Order()];
        double all = Length(a[0], a[1], a[2]);
        switch (corners.Length)
        {
            case 1:
                return all / 8;
            case 2:
                return Length(a[(axes[0] + 1) % 3], a[(axes[0] + 2) % 3], 0) / 2;
            case 3:
                return (a[3 - axes[0] - axes[1]] / 2) + (3 * all / 8);
            case 4 when axes.Length == 2:
                return a[3 - axes[0] - axes[1]];
            case 4 when edges.Any(e => e.Length == 3):
                return 3 * all / 4;
            default:
                int end = Array.FindIndex(edges, e => e.Length == 1), next = Across(corners[end], edges[end][0]);
                int m = edges[Array.IndexOf(corners, next)].First(axis => axis != edges[end][0]);
                return (all / 2) + (Length(a[(m + 1) % 3], a[m], 0) / 4) + (Length(a[(m + 2) % 3], a[m], 0) / 4);
        }
    }

    static int Across(int corner, int axis) => corner ^ (4 >> axis);

    static double Length(double x, double y, double z) => Math.Sqrt((x * x) + (y * y) + (z * z));
}
