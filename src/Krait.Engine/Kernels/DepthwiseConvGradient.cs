using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
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
        for (int i = inside; i < outside; i += Outputs)
            for (int r = 0; r < rows; r++)
                Inside(
                    s.Kernel.W, Math.Min(Outputs, outside - i), x + xRows[r] + (i - s.Pad.W) * xStride, xStride,
                    dy + i * dyStride, dyStride, c0, c1, dw + taps[r] * s.Channels, s.Channels);
        for (int i = x0 < inside ? x0 : outside; i < x1; i = i + 1 == inside ? outside : i + 1)
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

    /// <summary>A row of taps for some neighbouring outputs: four taps at a time, then what is left.</summary>
    static void Inside(
        int taps, int outputs, float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw,
        long dwStride)
    {
        int whole = c0 + ((c1 - c0) / L.Count * L.Count);
        for (int t = 0; t < taps; t += 4, x += 4 * xStride, dw += 4 * dwStride)
        {
            switch (Math.Min(4, taps - t))
            {
                case 4:
                    Taps<Count4>(outputs, x, xStride, dy, dyStride, c0, whole, dw, dwStride);
                    break;
                case 3:
                    Taps<Count3>(outputs, x, xStride, dy, dyStride, c0, whole, dw, dwStride);
                    break;
                case 2:
                    Taps<Count2>(outputs, x, xStride, dy, dyStride, c0, whole, dw, dwStride);
                    break;
                default:
                    Taps<Count1>(outputs, x, xStride, dy, dyStride, c0, whole, dw, dwStride);
                    break;
            }
            for (int k = 0; k < Math.Min(4, taps - t) && whole < c1; k++)
                for (int i = 0; i < outputs; i++)
                    One(x + (k + i) * xStride, dy + i * dyStride, whole, c1, dw + k * dwStride);
        }
    }

    /// <summary>
    /// T neighbouring taps, whole vectors. Their sums stay in registers while the outputs pass by; so do the pixels,
    /// each of which serves T outputs. Asks for the outputs that follow: short pieces of rows are no walk to foresee.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Taps<T>(
        int outputs, float* x, long xStride, float* dy, long dyStride, int c0, int c1, float* dw, long dwStride)
        where T : struct, ICount
    {
        for (int c = c0; c < c1; c += L.Count)
        {
            float* p = x + c, g = dy + c, q = dw + c;
            V t0 = L.Load(q), t1 = t0, t2 = t0, t3 = t0, x0 = L.Load(p), x1 = x0, x2 = x0;
            if (T.Value > 1)
                t1 = L.Load(q + dwStride);
            if (T.Value > 2)
                (t2, x1) = (L.Load(q + 2 * dwStride), L.Load(p + xStride));
            if (T.Value > 3)
                (t3, x2) = (L.Load(q + 3 * dwStride), L.Load(p + 2 * xStride));
            p += (T.Value - 1) * xStride;
            for (int i = 0; i < outputs; i++, p += xStride, g += dyStride)
            {
                if ((c - c0) % 16 == 0)
                {
                    Ask(p + Outputs * xStride);
                    Ask(g + Outputs * dyStride);
                }
                V d = L.Load(g), last = L.Load(p);
                t0 = L.Fma(T.Value > 1 ? x0 : last, d, t0);
                if (T.Value > 1)
                    t1 = L.Fma(T.Value > 2 ? x1 : last, d, t1);
                if (T.Value > 2)
                    t2 = L.Fma(T.Value > 3 ? x2 : last, d, t2);
                if (T.Value > 3)
                    t3 = L.Fma(last, d, t3);
                x0 = T.Value > 2 ? x1 : last;
                x1 = T.Value > 3 ? x2 : last;
                x2 = last;
            }
            L.Store(t0, q);
            if (T.Value > 1)
                L.Store(t1, q + dwStride);
            if (T.Value > 2)
                L.Store(t2, q + 2 * dwStride);
            if (T.Value > 3)
                L.Store(t3, q + 3 * dwStride);
        }
    }

    /// <summary>A row beyond the end is never read: asking for it does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Ask(float* row)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(row);
    }
}
