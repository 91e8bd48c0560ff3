using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Largest value or average of windows of [D, H, W] cells; one sample a call, lanes are channels.</summary>
public static unsafe class Pool<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Output line (od, oh): y[ow] over its window. The maximum is NaN where a window holds one.</summary>
    public static void Line(bool isMax, float* x, long xStride, PoolAxis depth, PoolAxis height, PoolAxis across,
        int od, int oh, int width, float* y, long yStride)
    {
        x += (((long)depth.Begin(od) * height.Input) + height.Begin(oh)) * across.Input * xStride;
        var window = new WindowSteps(xStride, depth, height, across, od, oh);
        float lines = (float)depth.Divisor(od) * height.Divisor(oh);
        for (int ow = 0; ow < across.Output; ow++, y += yStride)
        {
            float* from = x + (across.Begin(ow) * xStride);
            int taps = across.Taps(ow);
            if (isMax)
                Window<MaximumFunction>(from, window, taps, float.NegativeInfinity, 1f, width, y);
            else
                Window<AddFunction>(from, window, taps, 0f, lines * across.Divisor(ow), width, y);
        }
    }

    /// <summary>All channels of one window: f over taps of lines, over lines, over planes.</summary>
    static void Window<F>(float* x, in WindowSteps s, int taps, float start, float divisor, int width, float* y)
        where F : struct, IBinaryFunction
    {
        for (int c = 0; c < width; c += L.Count)
        {
            int lanes = Math.Min(L.Count, width - c);
            V all = L.Set(start);
            for (int d = 0; d < s.Planes; d++)
                for (int h = 0; h < s.Lines; h++)
                {
                    float* tap = x + (d * s.Plane) + (h * s.Line) + c;
                    V line = L.Set(start);
                    for (int w = 0; w < taps; w++, tap += s.Tap)
                        line = F.Apply<L, V>(line, Part<L, V>.Load(tap, lanes));
                    all = F.Apply<L, V>(all, line);
                }
            Part<L, V>.Store(divisor == 1f ? all : L.Div(all, L.Set(divisor)), y + c, lanes);
        }
    }

    /// <summary>Planes and lines of a window within the input; floats between planes, lines and taps.</summary>
    readonly struct WindowSteps(long xStride, PoolAxis depth, PoolAxis height, PoolAxis across, int od, int oh)
    {
        public readonly int Planes = depth.Taps(od), Lines = height.Taps(oh);
        public readonly long Plane = xStride * across.Input * height.Input * depth.Dilation;
        public readonly long Line = xStride * across.Input * height.Dilation, Tap = xStride * across.Dilation;
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
}
