using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Matrix products on packed panels: y = a b + bias, and the gradient's product over rows, y = aᵀ b.</summary>
/// <remarks>
/// The order is: blocks of K (the panel's block stays in the first cache), panels of two vectors of columns, tiles of
/// rows. The caller hands out rows and panels; what it hands out does not change a bit of the result.
/// </remarks>
internal static unsafe partial class MatMul<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Rows of a that a caller should hand out together: a multiple of the tiles' 14 and 6 rows.</summary>
    public const int RowBlock = 126;

    /// <summary>Most steps of k between two visits of y.</summary>
    const int StepBlock = 384;

    /// <summary>Tiles of a narrow panel that are computed before their columns are copied.</summary>
    const int TilesTogether = 8;

    /// <summary>
    /// y[m, n] (+)= sum_k a[m, k] b[k, n] + bias[n] + scale addend[m, n] for rows m0 to m1 and panels p0 to p1.
    /// </summary>
    /// <remarks>
    /// a: Element (m, k) at m * rowStride + k * stepStride. packed: b[K, N] as <see cref="MatMulPack{L, V}"/> leaves
    /// it. bias: [N] or null. addend: [M, N], rows addendStride apart, or null; y itself to accumulate. scale: one
    /// number, or null for 1. y: [M, N], rows yStride apart.
    /// </remarks>
    public static void Forward(
        float* a, long rowStride, long stepStride, long k, float* packed, long n, float* bias,
        float* addend, long addendStride, long m0, long m1, long p0, long p1, float* y, long yStride,
        float* scale = null)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        long blocks = Math.Max(1, (k + StepBlock - 1) / StepBlock), block = (k + blocks - 1) / blocks;
        for (long k0 = 0; k0 < k || k0 == 0; k0 += Math.Max(block, 1))
        {
            MatMulTileArgs t = default;
            t.BStride = MatMulTile<L, V>.PanelWidth;
            t.RowStride = rowStride;
            t.StepStride = stepStride;
            t.Steps = Math.Min(block, k - k0);
            t.Segments = 1;
            for (long p = p0; p < p1; p++)
            {
                long column = p * width;
                t.A = a + m0 * rowStride + k0 * stepStride;
                t.B = packed + p * width * k + k0 * width;
                t.Init = k0 == 0 && bias != null ? bias + column : null;
                float* add = k0 > 0 ? y : addend;
                t.AddStride = k0 > 0 ? yStride : addendStride;
                t.AddScale = k0 > 0 ? null : scale;
                t.Add = add == null ? null : add + m0 * t.AddStride + column;
                t.Y = y + m0 * yStride + column;
                t.YStride = yStride;
                t.IsFirst = p == p0 && stepStride == 1;
                Rows(ref t, m1 - m0, n - column);
            }
        }
    }

    /// <summary>All rows of one panel, in tiles of nearly the same height. Moves A, Y and Add of t.</summary>
    public static void Rows(ref MatMulTileArgs t, long rows, long columns)
    {
        int maxRows = MatMulTile<L, V>.MaxRows(columns > L.Count ? 2 : 1);
        long tiles = (rows + maxRows - 1) / maxRows;
        // The first tiles are one row higher than the others.
        long height = tiles == 0 ? 0 : rows / tiles, higher = rows - tiles * height;
        if (columns >= 2 * L.Count)
        {
            if (higher > 0)
                MatMulTile<L, V>.Run((int)height + 1, 2, higher, ref t);
            if (height > 0)
                MatMulTile<L, V>.Run((int)height, 2, tiles - higher, ref t);
            return;
        }
        float* init = t.Init;
        float* bias = stackalloc float[2 * L.Count];
        if (init != null)
            t.Init = Widen(init, (int)columns, bias);
        PartialTiles(ref t, (int)height + 1, higher, (int)columns);
        PartialTiles(ref t, (int)height, tiles - higher, (int)columns);
        t.Init = init;
    }

    static float* Widen(float* init, int columns, float* bias)
    {
        for (int j = 0; j < 2 * L.Count; j++)
            bias[j] = j < columns ? init[j] : 0f;
        return bias;
    }

    /// <summary>
    /// Tiles of a panel with less than two whole vectors of columns: a few at a time through a small buffer, from which
    /// the columns that exist are copied.
    /// </summary>
    [SkipLocalsInit]
    static void PartialTiles(ref MatMulTileArgs t, int rows, long tiles, int columns)
    {
        if (columns == L.Count)
        {
            if (tiles > 0)
                MatMulTile<L, V>.Run(rows, 1, tiles, ref t);
            return;
        }
        int width = columns > L.Count ? 2 * L.Count : L.Count;
        float* buffer = stackalloc float[TilesTogether * 14 * 2 * L.Count];
        for (long count; tiles > 0; tiles -= count)
        {
            count = Math.Min(TilesTogether, tiles);
            MatMulTileArgs inner = t;
            inner.Y = buffer;
            inner.YStride = width;
            inner.Add = null;
            MatMulTile<L, V>.Run(rows, width / L.Count, count, ref inner);
            CopyColumns(ref t, buffer, width, rows * count, columns);
            t.A = inner.A;
            t.Y += rows * count * t.YStride;
            t.Add += t.Add == null ? 0 : rows * count * t.AddStride;
        }
    }

    /// <summary>
    /// y = the columns that exist, plus what is to be added. Where rows lie end to end, whole registers are stored: the
    /// next row overwrites what is too much. A masked store takes as long as a dozen others.
    /// </summary>
    static void CopyColumns(ref MatMulTileArgs t, float* from, int width, long rows, int columns)
    {
        bool dense = t.Add == null && t.YStride == columns;
        float* end = t.Y + (rows * t.YStride);
        for (long i = 0; i < rows; i++, from += width)
        {
            float* add = t.Add == null ? null : t.Add + (i * t.AddStride);
            for (int j = 0; j < columns; j += L.Count)
            {
                int lanes = Math.Min(L.Count, columns - j);
                float* y = t.Y + (i * t.YStride) + j;
                V sum = L.Load(from + j);
                if (add != null)
                    sum = L.Fma(L.Set(t.AddScale == null ? 1f : *t.AddScale), L.LoadFirst(add + j, lanes), sum);
                if (lanes == L.Count || (dense && y + L.Count <= end))
                    L.Store(sum, y);
                else
                    L.StoreFirst(sum, y, lanes);
            }
        }
    }
}
