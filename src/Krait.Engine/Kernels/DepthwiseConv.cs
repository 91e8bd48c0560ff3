using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Convolution of each channel with its own kernel, stride 1: y[o, c] = f(bias[c] + sum_t x[o - pad + t, c] w[t, c]).
/// Lanes run along the channels; taps beside the input are left out.
/// </summary>
internal static unsafe class DepthwiseConv<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Channels handled together, so that the pixels under a kernel stay in the first cache.</summary>
    public const int ChannelBlock = 256;

    /// <summary>Floats that are fetched together.</summary>
    const int CacheLine = 16;

    /// <summary>The rows of taps that meet the input for one row of outputs.</summary>
    public static int TapRows(in DepthwiseShape s, long xStride, int z, int y, long* xRows, long* taps)
    {
        int count = 0;
        for (int tz = 0; tz < s.Kernel.D; tz++)
        {
            for (int ty = 0; ty < s.Kernel.H; ty++)
            {
                int iz = z - s.Pad.D + tz, iy = y - s.Pad.H + ty;
                if ((uint)iz >= (uint)s.Input.D || (uint)iy >= (uint)s.Input.H)
                    continue;
                xRows[count] = ((long)iz * s.Input.H + iy) * s.Input.W * xStride;
                taps[count++] = (tz * s.Kernel.H + ty) * s.Kernel.W;
            }
        }
        return count;
    }

    /// <summary>Outputs x0 to x1 of row y of plane z of one sample.</summary>
    /// <remarks>
    /// x and y: the sample's first pixel. w: tap t, channel c at w[t * tapStride + c]; the gradient of x is the same
    /// sum with the last tap first, so w then points to the last tap and tapStride is negative.
    /// </remarks>
    public static void Forward(
        in DepthwiseShape s, float* x, long xStride, float* w, long tapStride, float* bias, Activation activation,
        int z, int row, int x0, int x1, float* y, long yStride)
    {
        int most = Math.Max(1, s.Kernel.D * s.Kernel.H);
        long* xRows = stackalloc long[most], taps = stackalloc long[most];
        int rows = TapRows(s, xStride, z, row, xRows, taps);
        y += ((long)z * s.Output.H + row) * s.Output.W * yStride;
        // Outputs [inside, outside) see every tap of a row.
        int inside = Math.Clamp(s.Pad.W, x0, x1);
        int outside = Math.Clamp(s.Input.W + s.Pad.W - s.Kernel.W + 1, inside, x1);
        bool silu = activation == Activation.Silu;
        for (int c = 0; c < s.Channels; c += ChannelBlock)
        {
            int channels = Math.Min(ChannelBlock, s.Channels - c);
            float* b = bias == null ? null : bias + c;
            for (int i = x0; i < x1;)
            {
                bool four = i >= inside && i + 4 <= outside;
                float* to = y + i * yStride + c;
                float* from = x + (i - s.Pad.W) * xStride + c;
                if (!four)
                    One(s, from, xStride, i - s.Pad.W, w + c, tapStride, b, rows, xRows, taps, channels, to);
                else if (s.Kernel.W == 3)
                    Four<ThreeTaps>(
                        s, from, xStride, w + c, tapStride, b, rows, xRows, taps, channels, to, yStride, silu);
                else if (s.Kernel.W == 4)
                    Four<FourTaps>(
                        s, from, xStride, w + c, tapStride, b, rows, xRows, taps, channels, to, yStride, silu);
                else
                    Four<AnyTaps>(
                        s, from, xStride, w + c, tapStride, b, rows, xRows, taps, channels, to, yStride, silu);
                int pixels = four ? 4 : 1;
                // Four pixels are activated in their registers; what is left are channels that fill none.
                int done = four && silu ? channels / L.Count * L.Count : 0;
                if (activation != Activation.None && done < channels)
                    Activate<L, V>.Forward(
                        activation, 0.01f, to + done, yStride, pixels, channels - done, to + done, yStride);
                i += pixels;
            }
        }
    }

    /// <summary>One output, any kernel, at the border too.</summary>
    static void One(
        in DepthwiseShape s, float* x, long xStride, int first, float* w, long tapStride, float* bias, int rows,
        long* xRows, long* taps, int channels, float* y)
    {
        int t0 = Math.Max(0, -first), t1 = Math.Min(s.Kernel.W, s.Input.W - first), c = 0;
        for (; c <= channels - L.Count; c += L.Count)
        {
            V sum = bias == null ? L.Zero : L.Load(bias + c);
            for (int r = 0; r < rows; r++)
            {
                float* p = x + xRows[r] + c, q = w + taps[r] * tapStride + c;
                for (int t = t0; t < t1; t++)
                    sum = L.Fma(L.Load(p + t * xStride), L.Load(q + t * tapStride), sum);
            }
            L.Store(sum, y + c);
        }
        for (; c < channels; c++)
        {
            float sum = bias == null ? 0f : bias[c];
            for (int r = 0; r < rows; r++)
                for (int t = t0; t < t1; t++)
                    sum = MathF.FusedMultiplyAdd(
                        x[xRows[r] + t * xStride + c], w[(taps[r] + t) * tapStride + c], sum);
            y[c] = sum;
        }
    }

    /// <summary>Four neighbouring outputs away from the border: a weight serves four products.</summary>
    static void Four<T>(
        in DepthwiseShape s, float* x, long xStride, float* w, long tapStride, float* bias, int rows, long* xRows,
        long* taps, int channels, float* y, long yStride, bool silu) where T : struct, ITapsOfARow
    {
        int c = 0;
        for (; c <= channels - L.Count; c += L.Count)
        {
            V y0 = bias == null ? L.Zero : L.Load(bias + c), y1 = y0, y2 = y0, y3 = y0;
            if (T.Count > 0 && rows > 0 && c % CacheLine == 0)
            {
                // Of the rows that a picture reads, the last is new to the second cache.
                Ask(x + xRows[rows - 1] + (T.Count + 3) * xStride + c, xStride);
                Ask(y + 4 * yStride + c, yStride);
            }
            for (int r = 0; r < rows; r++)
            {
                float* p = x + xRows[r] + c, q = w + taps[r] * tapStride + c;
                if (T.Count > 0)
                    Row<T>(p, xStride, q, tapStride, ref y0, ref y1, ref y2, ref y3);
                else
                    Row(s.Kernel.W, p, xStride, q, tapStride, ref y0, ref y1, ref y2, ref y3);
            }
            if (silu)
                Silu<L, V>.Four(ref y0, ref y1, ref y2, ref y3);
            L.Store(y0, y + c);
            L.Store(y1, y + yStride + c);
            L.Store(y2, y + 2 * yStride + c);
            L.Store(y3, y + 3 * yStride + c);
        }
        Rest(s, x, xStride, w, tapStride, bias, rows, xRows, taps, c, channels, y, yStride);
    }

    /// <summary>Three or four taps of a row, for four outputs: each pixel is loaded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Row<T>(
        float* p, long xStride, float* q, long tapStride, ref V y0, ref V y1, ref V y2, ref V y3)
        where T : struct, ITapsOfARow
    {
        bool isFour = T.Count == 4;
        V w0 = L.Load(q), w1 = L.Load(q + tapStride), w2 = L.Load(q + 2 * tapStride);
        V w3 = isFour ? L.Load(q + 3 * tapStride) : L.Zero;
        y0 = L.Fma(L.Load(p), w0, y0);
        V v = L.Load(p + xStride);
        y0 = L.Fma(v, w1, y0);
        y1 = L.Fma(v, w0, y1);
        v = L.Load(p + 2 * xStride);
        y0 = L.Fma(v, w2, y0);
        y1 = L.Fma(v, w1, y1);
        y2 = L.Fma(v, w0, y2);
        v = L.Load(p + 3 * xStride);
        y0 = isFour ? L.Fma(v, w3, y0) : y0;
        y1 = L.Fma(v, w2, y1);
        y2 = L.Fma(v, w1, y2);
        y3 = L.Fma(v, w0, y3);
        v = L.Load(p + 4 * xStride);
        y1 = isFour ? L.Fma(v, w3, y1) : y1;
        y2 = L.Fma(v, w2, y2);
        y3 = L.Fma(v, w1, y3);
        v = L.Load(p + 5 * xStride);
        y2 = isFour ? L.Fma(v, w3, y2) : y2;
        y3 = L.Fma(v, w2, y3);
        y3 = isFour ? L.Fma(L.Load(p + 6 * xStride), w3, y3) : y3;
    }

    /// <summary>Any number of taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Row(
        int count, float* p, long xStride, float* q, long tapStride, ref V y0, ref V y1, ref V y2, ref V y3)
    {
        for (int t = 0; t < count; t++, p += xStride, q += tapStride)
        {
            V v = L.Load(q);
            y0 = L.Fma(L.Load(p), v, y0);
            y1 = L.Fma(L.Load(p + xStride), v, y1);
            y2 = L.Fma(L.Load(p + 2 * xStride), v, y2);
            y3 = L.Fma(L.Load(p + 3 * xStride), v, y3);
        }
    }

    /// <summary>Asks for four rows ahead of their time: no processor foresees pieces of many rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Ask(float* row, long stride)
    {
        // A row beyond the end is never read: asking for it does nothing.
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch1(row);
        Sse.Prefetch1(row + stride);
        Sse.Prefetch1(row + 2 * stride);
        Sse.Prefetch1(row + 3 * stride);
    }

    /// <summary>The channels that fill no vector, of four outputs away from the border.</summary>
    static void Rest(
        in DepthwiseShape s, float* x, long xStride, float* w, long tapStride, float* bias, int rows, long* xRows,
        long* taps, int c, int channels, float* y, long yStride)
    {
        for (int i = 0; i < 4 && c < channels; i++)
            One(s, x + i * xStride + c, xStride, 0, w + c, tapStride, bias == null ? null : bias + c, rows, xRows, taps,
                channels - c, y + i * yStride + c);
    }
}

/// <summary>How many taps a row of the kernel has, where the JIT is to know it.</summary>
interface ITapsOfARow
{
    /// <summary>0: known at run time only.</summary>
    static abstract int Count { get; }
}

/// <summary>A convolution of a picture or a volume.</summary>
readonly struct ThreeTaps : ITapsOfARow
{
    public static int Count => 3;
}

/// <summary>A causal convolution of a sequence.</summary>
readonly struct FourTaps : ITapsOfARow
{
    public static int Count => 4;
}

readonly struct AnyTaps : ITapsOfARow
{
    public static int Count => 0;
}
