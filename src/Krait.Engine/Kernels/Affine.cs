using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>y = scale * x + shift with two numbers.</summary>
public static unsafe class Affine<L, V> where L : struct, ILanes<V> where V : struct
{
    public static void Forward(float* x, long xStride, float scale, float shift, long rows, long width, float* y,
        long yStride)
    {
        V a = L.Set(scale), b = L.Set(shift);
        for (long r = 0; r < rows; r++, x += xStride, y += yStride)
        {
            long i = 0;
            for (; i + L.Count <= width; i += L.Count)
                L.Store(L.Fma(a, L.Load(x + i), b), y + i);
            int rest = (int)(width - i);
            if (rest > 0)
                L.StoreFirst(L.Fma(a, L.LoadFirst(x + i, rest), b), y + i, rest);
        }
    }
}
