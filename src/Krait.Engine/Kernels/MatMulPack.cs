using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Copies operands of a matrix product into the order in which the tiles read them.</summary>
internal static unsafe class MatMulPack<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Panels of b[K, N]: two vectors of columns each, the last one filled up with zeros.</summary>
    public static long Panels(long n) => (n + MatMulTile<L, V>.PanelWidth - 1) / MatMulTile<L, V>.PanelWidth;

    /// <summary>Floats of the packed b[K, N].</summary>
    public static long Floats(long k, long n) => Panels(n) * MatMulTile<L, V>.PanelWidth * k;

    /// <summary>packed[p, k, j] = b[k, p * PanelWidth + j] for panels p0 to p1, with 0 beyond column N.</summary>
    /// <remarks>
    /// b: Element (k, n) at k * stepStride + n * columnStride: [K, N] or, for torch's linear, [N, K]. panelStride:
    /// Floats between panels of packed, at least K * PanelWidth.
    /// </remarks>
    public static void Panels(
        float* b, long stepStride, long columnStride, long k, long n, long p0, long p1, float* packed, long panelStride)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        for (long p = p0; p < p1; p++)
        {
            float* from = b + p * width * columnStride;
            int columns = (int)Math.Min(width, n - p * width);
            float* to = packed + p * panelStride;
            if (columnStride == 1 && columns == width)
                CopyRows(from, stepStride, k, to);
            else if (stepStride == 1 && columns == width && k >= 8)
                Transpose(from, columnStride, k, to);
            else
                CopyAny(from, stepStride, columnStride, k, columns, to);
        }
    }

    static void CopyRows(float* from, long stride, long k, float* to)
    {
        for (long s = 0; s < k; s++, from += stride, to += MatMulTile<L, V>.PanelWidth)
        {
            L.Store(L.Load(from), to);
            L.Store(L.Load(from + L.Count), to + L.Count);
        }
    }

    /// <summary>Reads 8 steps of each column at a time, so that a line of the source serves while it is near.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Transpose(float* from, long stride, long k, float* to)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        for (long s = 0; s < k; s += 8)
        {
            // The last block overlaps the one before it.
            long start = Math.Min(s, k - 8);
            float* target = to + start * width;
            for (int j = 0; j < width; j++)
            {
                float* source = from + j * stride + start;
                for (int i = 0; i < 8; i++)
                    target[i * width + j] = source[i];
            }
        }
    }

    static void CopyAny(float* from, long stepStride, long columnStride, long k, int columns, float* to)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        for (long s = 0; s < k; s++, to += width)
        {
            for (int j = 0; j < columns; j++)
                to[j] = from[s * stepStride + j * columnStride];
            for (int j = columns; j < width; j++)
                to[j] = 0f;
        }
    }
}
