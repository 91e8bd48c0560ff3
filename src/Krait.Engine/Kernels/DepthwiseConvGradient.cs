using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>dw[t, c] += sum over outputs of dy[o, c] x[o - pad + t, c]. Lanes run along the channels.</summary>
internal static unsafe class DepthwiseConvGradient<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Neighbouring outputs that stay in the first cache while the rows of taps pass by.</summary>
    const int Outputs = 16;

    /// <summary>Adds what outputs x0 to x1 of one row give to channels c0 to c1 of dw[taps, C], rows C apart.</summary>
    /// <remarks>x and dy: the sample's first pixel.</remarks>
    public static void Backward(
        in DepthwiseShape s, float* x, long xStride, float* dy, long dyStride, int z, int row, int x0, int x1, int c0,
        int c1, float* dw)
    {
        int most = Math.Max(1, s.Kernel.D * s.Kernel.H);
        long* xRows = stackalloc long[most], taps = stackalloc long[most];
        int rows = DepthwiseConv<L, V>.TapRows(s, xStride, z, row, xRows, taps);
        dy += ((long)z * s.Output.H + row) * s.Output.W * dyStride;
        int inside = Math.Clamp(s.Pad.W, x0, x1);
        int outside = Math.Clamp(s.Input.W + s.Pad.W - s.Kernel.W + 1, inside, x1);
        int end = inside + ((outside - inside) & ~3);
        for (int i = inside; i < end; i += Outputs)
            for (int r = 0; r < rows; r++)
                for (int k = i; k < Math.Min(end, i + Outputs); k += 4)
                    Four(
                        s.Kernel.W, x + xRows[r] + (k - s.Pad.W) * xStride, xStride, dy + k * dyStride, dyStride, c0,
                        c1, dw + taps[r] * s.Channels, s.Channels);
        for (int i = x0 < inside ? x0 : end; i < x1; i = i + 1 == inside ? end : i + 1)
        {
            int t0 = Math.Max(0, s.Pad.W - i), t1 = Math.Min(s.Kernel.W, s.Input.W + s.Pad.W - i);
            for (int r = 0; r < rows; r++)
                for (int t = t0; t < t1; t++)
                    One(
                        x + xRows[r] + (i - s.Pad.W + t) * xStride, dy + i * dyStride, c0, c1,
                        dw + (taps[r] + t) * s.Channels);
        }
    }

    /// <summary>One tap of one output.</summary>
    static void One(float* x, float* dy, int c0, int c1, float* dw)
    {
        int c = c0;
        for (; c <= c1 - L.Count; c += L.Count)
            L.Store(L.Fma(L.Load(x + c), L.Load(dy + c), L.Load(dw + c)), dw + c);
        for (; c < c1; c++)
            dw[c] = MathF.FusedMultiplyAdd(x[c], dy[c], dw[c]);
    }

    /// <summary>All taps of a row for four neighbouring outputs: three at a time, then one by one.</summary>
    static void Four(
        int taps, float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw, long dwStride)
    {
        int t = 0, whole = c0 + ((c1 - c0) / L.Count * L.Count);
        for (; t + 3 <= taps; t += 3)
            FourByThree(x + t * xStride, xStride, dy, dyStride, c0, whole, dw + t * dwStride, dwStride);
        for (; t < taps; t++)
            FourByOne(x + t * xStride, xStride, dy, dyStride, c0, whole, dw + t * dwStride);
        for (t = 0; t < taps && whole < c1; t++)
            for (int i = 0; i < 4; i++)
                One(x + (t + i) * xStride, dy + i * dyStride, whole, c1, dw + t * dwStride);
    }

    /// <summary>One tap of four neighbouring outputs, whole vectors.</summary>
    static void FourByOne(float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw)
    {
        for (int c = c0; c < c1; c += L.Count)
        {
            float* p = x + c, g = dy + c;
            V sum = L.Fma(L.Load(p), L.Load(g), L.Load(dw + c));
            sum = L.Fma(L.Load(p + xStride), L.Load(g + dyStride), sum);
            sum = L.Fma(L.Load(p + 2 * xStride), L.Load(g + 2 * dyStride), sum);
            L.Store(L.Fma(L.Load(p + 3 * xStride), L.Load(g + 3 * dyStride), sum), dw + c);
        }
    }

    /// <summary>Three neighbouring taps of four neighbouring outputs, whole vectors.</summary>
    static void FourByThree(
        float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw, long dwStride)
    {
        for (int c = c0; c < c1; c += L.Count)
        {
            float* p = x + c, g = dy + c, q = dw + c;
            V d0 = L.Load(g), d1 = L.Load(g + dyStride), d2 = L.Load(g + 2 * dyStride), d3 = L.Load(g + 3 * dyStride);
            V x1 = L.Load(p + xStride), x2 = L.Load(p + 2 * xStride), x3 = L.Load(p + 3 * xStride);
            V x4 = L.Load(p + 4 * xStride);
            V t0 = L.Fma(L.Load(p), d0, L.Load(q)), t1 = L.Fma(x1, d0, L.Load(q + dwStride));
            V t2 = L.Fma(x2, d0, L.Load(q + 2 * dwStride));
            t0 = L.Fma(x1, d1, t0);
            t1 = L.Fma(x2, d1, t1);
            t2 = L.Fma(x3, d1, t2);
            t0 = L.Fma(x2, d2, t0);
            t1 = L.Fma(x3, d2, t1);
            t2 = L.Fma(x4, d2, t2);
            t0 = L.Fma(x3, d3, t0);
            t1 = L.Fma(x4, d3, t1);
            t2 = L.Fma(L.Load(p + 5 * xStride), d3, t2);
            L.Store(t0, q);
            L.Store(t1, q + dwStride);
            L.Store(t2, q + 2 * dwStride);
        }
    }
}
