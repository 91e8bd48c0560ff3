using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>dw[t, c] += sum over outputs of dy[o, c] x[o - pad + t, c]. Lanes run along the channels.</summary>
internal static unsafe class DepthwiseConvGradient<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Adds what one row of outputs gives to channels c0 to c1 of dw[taps, C], rows C apart.</summary>
    /// <remarks>x and dy: the sample's first pixel.</remarks>
    public static void Backward(
        in DepthwiseShape s, float* x, long xStride, float* dy, long dyStride, int z, int row, int c0, int c1,
        float* dw)
    {
        int most = Math.Max(1, s.Kernel.D * s.Kernel.H);
        long* xRows = stackalloc long[most], taps = stackalloc long[most];
        int rows = DepthwiseConv<L, V>.TapRows(s, xStride, z, row, xRows, taps);
        dy += ((long)z * s.Output.H + row) * s.Output.W * dyStride;
        int inside = Math.Clamp(s.Pad.W, 0, s.Output.W);
        int outside = Math.Clamp(s.Input.W + s.Pad.W - s.Kernel.W + 1, inside, s.Output.W);
        for (int r = 0; r < rows; r++)
        {
            float* to = dw + taps[r] * s.Channels;
            for (int i = 0; i < s.Output.W;)
            {
                float* from = x + xRows[r] + (i - s.Pad.W) * xStride;
                if (i >= inside && i + 4 <= outside)
                {
                    for (int t = 0; t < s.Kernel.W; t += 3)
                        Four(
                            Math.Min(3, s.Kernel.W - t), from + t * xStride, xStride, dy + i * dyStride, dyStride,
                            c0, c1, to + t * s.Channels, s.Channels);
                    i += 4;
                    continue;
                }
                int t0 = Math.Max(0, s.Pad.W - i), t1 = Math.Min(s.Kernel.W, s.Input.W + s.Pad.W - i);
                for (int t = t0; t < t1; t++)
                    One(from + t * xStride, dy + i * dyStride, c0, c1, to + t * s.Channels);
                i++;
            }
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

    /// <summary>Up to three neighbouring taps of four neighbouring outputs.</summary>
    static void Four(
        int width, float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw, long dwStride)
    {
        int c = c0;
        if (width == 3)
            c = FourByThree(x, xStride, dy, dyStride, c0, c1, dw, dwStride);
        for (int t = 0; t < width; t++)
            for (int i = 0; i < 4; i++)
                One(x + (t + i) * xStride, dy + i * dyStride, c, c1, dw + t * dwStride);
    }

    /// <summary>Whole vectors only; returns the first channel that is left.</summary>
    static int FourByThree(
        float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw, long dwStride)
    {
        int c = c0;
        for (; c <= c1 - L.Count; c += L.Count)
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
        return c;
    }
}
