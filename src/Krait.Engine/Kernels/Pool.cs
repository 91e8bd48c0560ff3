using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Largest value or average of windows of [D, H, W] cells; one sample a call, lanes are channels.</summary>
public static unsafe class Pool<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Output line (od, oh): y[ow] over its window. The maximum is NaN where a window holds one.</summary>
    public static void Line(bool isMax, float* x, long xStride, PoolAxis depth, PoolAxis height, PoolAxis across,
        int od, int oh, int width, float* y, long yStride)
    {
        for (int ow = 0; ow < across.Output; ow++)
            for (int c = 0; c < width; c += L.Count)
            {
                int lanes = Math.Min(L.Count, width - c);
                V best = L.Set(isMax ? float.NegativeInfinity : 0f);
                for (int d = depth.Begin(od); d < depth.End(od); d += depth.Dilation)
                    for (int h = height.Begin(oh); h < height.End(oh); h += height.Dilation)
                    {
                        float* line = x + ((((long)d * height.Input) + h) * across.Input * xStride) + c;
                        V of = L.Set(isMax ? float.NegativeInfinity : 0f);
                        for (int w = across.Begin(ow); w < across.End(ow); w += across.Dilation)
                        {
                            V v = Part<L, V>.Load(line + (w * xStride), lanes);
                            of = isMax ? Larger(of, v) : L.Add(of, v);
                        }
                        best = isMax ? Larger(best, of) : L.Add(best, of);
                    }
                if (!isMax)
                    best = L.Div(best, L.Set((float)depth.Divisor(od) * height.Divisor(oh) * across.Divisor(ow)));
                Part<L, V>.Store(best, y + (ow * yStride) + c, lanes);
            }
    }

    /// <summary>
    /// Adds dy of an output line (od, oh) of a sample to the first tap of each window that equals y; dx is cleared
    /// before.
    /// </summary>
    /// <remarks>x, dx: the sample's first cell. y, dy: the line's.</remarks>
    public static void MaxBackward(float* x, long xStride, float* y, long yStride, float* dy, long dyStride,
        PoolAxis depth, PoolAxis height, PoolAxis across, int od, int oh, int width, float* dx, long dxStride)
    {
        int d0 = depth.Begin(od), d1 = depth.End(od), h0 = height.Begin(oh), h1 = height.End(oh);
        for (int ow = 0; ow < across.Output; ow++, y += yStride, dy += dyStride)
        {
            int w0 = across.Begin(ow), w1 = across.End(ow);
            for (int c = 0; c < width; c += L.Count)
            {
                int lanes = Math.Min(L.Count, width - c);
                V top = Part<L, V>.Load(y + c, lanes), rest = Part<L, V>.Load(dy + c, lanes);
                for (int d = d0; d < d1; d += depth.Dilation)
                    for (int h = h0; h < h1; h += height.Dilation)
                    {
                        long i = ((((long)d * height.Input) + h) * across.Input) + w0;
                        float* from = x + (i * xStride) + c, to = dx + (i * dxStride) + c;
                        for (int w = w0; w < w1; w += across.Dilation)
                        {
                            V hit = L.EqualTo(Part<L, V>.Load(from, lanes), top);
                            Part<L, V>.Store(L.Add(Part<L, V>.Load(to, lanes), L.AndBits(hit, rest)), to, lanes);
                            rest = L.Select(hit, L.Zero, rest);
                            from += across.Dilation * xStride;
                            to += across.Dilation * dxStride;
                        }
                    }
            }
        }
    }

    /// <summary>Adds dy / divisor of a whole sample to all taps of each window; dx is cleared before.</summary>
    public static void AverageBackward(float* dy, long dyStride, PoolAxis depth, PoolAxis height, PoolAxis across,
        int width, float* dx, long dxStride)
    {
        for (int od = 0; od < depth.Output; od++)
            for (int oh = 0; oh < height.Output; oh++)
                for (int ow = 0; ow < across.Output; ow++)
                {
                    float share = 1f / ((float)depth.Divisor(od) * height.Divisor(oh) * across.Divisor(ow));
                    long o = ((((long)od * height.Output) + oh) * across.Output) + ow;
                    for (int d = depth.Begin(od); d < depth.End(od); d += depth.Dilation)
                        for (int h = height.Begin(oh); h < height.End(oh); h += height.Dilation)
                            for (int w = across.Begin(ow); w < across.End(ow); w += across.Dilation)
                            {
                                long i = ((((long)d * height.Input) + h) * across.Input) + w;
                                Binary<L, V>.AddScaled(dx + (i * dxStride), 0, dy + (o * dyStride), 0, share, 1, width,
                                    dx + (i * dxStride), 0);
                            }
                }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Larger(V a, V b) => MaximumFunction.Apply<L, V>(a, b);
}
