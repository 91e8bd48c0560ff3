using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Passes over rows that move or add numbers. Lanes run along a row;
/// remainders are scalar and exact.</summary>
public static unsafe class Streams<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>y = number.</summary>
    public static void Fill(float number, long rows, int width, long yStride, float* y)
    {
        for (long r = 0; r < rows; r++)
            new Span<float>(y + (r * yStride), width).Fill(number);
    }

    /// <summary>y = x.</summary>
    public static void Copy(float* x, long xStride, long rows, int width, long yStride, float* y)
    {
        for (long r = 0; r < rows; r++)
            new ReadOnlySpan<float>(x + (r * xStride), width).CopyTo(new Span<float>(y + (r * yStride), width));
    }

    /// <summary>y = a + b; y may be a or b.</summary>
    public static void Add(float* a, long aStride, float* b, long bStride, long rows, int width, long yStride, float* y)
    {
        for (long r = 0; r < rows; r++, a += aStride, b += bStride, y += yStride)
        {
            int i = 0;
            for (; i <= width - L.Count; i += L.Count)
                L.Store(L.Add(L.Load(a + i), L.Load(b + i)), y + i);
            for (; i < width; i++)
                y[i] = a[i] + b[i];
        }
    }
}
