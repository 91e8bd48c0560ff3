using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>y[n] = sum over rows of x[m, n]: the gradient of a bias. Lanes run along the columns.</summary>
internal static unsafe class ColumnSum<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Four vectors of columns at a time, each summed in the order of the rows.</summary>
    public static void Forward(float* x, long xStride, long rows, int width, float* y)
    {
        int n = 0;
        for (; n <= width - 4 * L.Count; n += 4 * L.Count)
        {
            V a = L.Zero, b = L.Zero, c = L.Zero, d = L.Zero;
            float* row = x + n;
            for (long m = 0; m < rows; m++, row += xStride)
            {
                a = L.Add(a, L.Load(row));
                b = L.Add(b, L.Load(row + L.Count));
                c = L.Add(c, L.Load(row + 2 * L.Count));
                d = L.Add(d, L.Load(row + 3 * L.Count));
            }
            L.Store(a, y + n);
            L.Store(b, y + n + L.Count);
            L.Store(c, y + n + 2 * L.Count);
            L.Store(d, y + n + 3 * L.Count);
        }
        for (; n < width; n += L.Count)
        {
            int lanes = Math.Min(L.Count, width - n);
            V a = L.Zero;
            for (long m = 0; m < rows; m++)
                a = L.Add(a, L.LoadFirst(x + m * xStride + n, lanes));
            L.StoreFirst(a, y + n, lanes);
        }
    }
}
