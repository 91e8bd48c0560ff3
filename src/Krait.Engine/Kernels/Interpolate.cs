using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Nearest or linear interpolation of [D, H, W, C]; lanes are channels, up to eight neighbours a cell.
/// </summary>
public static unsafe class Interpolate<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Output line (od, oh) of one sample.</summary>
    public static void Line(float* x, long xStride, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across, int od, int oh, int width, float* y, long yStride)
    {
        long* lines = stackalloc long[4];
        float* weights = stackalloc float[4];
        int count = Lines(depth, height, across, od, oh, lines, weights);
        int whole = width / L.Count * L.Count;
        for (int k = 0; k < count; k++)
            lines[k] *= xStride;
        for (int ow = 0; ow < across.Output; ow++, y += yStride)
        {
            float* from = x + (across.Source(ow, out float w1) * xStride);
            for (int c = 0; c < whole; c += L.Count)
                Cell(from + c, w1 == 0f ? 0 : xStride, w1, lines, weights, count, L.Count, y + c);
            if (whole < width)
                Cell(from + whole, w1 == 0f ? 0 : xStride, w1, lines, weights, count, width - whole, y + whole);
        }
    }

    /// <summary>A register of one output: (1 - w1) first + w1 second of each line, times the line's weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Cell(float* first, long second, float w1, long* lines, float* weights, int count, int lanes, float* y)
    {
        V sum = L.Zero;
        for (int k = 0; k < count; k++)
        {
            V v = Part<L, V>.Load(first + lines[k], lanes);
            if (second != 0)
                v = L.Fma(L.Set(w1), Part<L, V>.Load(first + lines[k] + second, lanes), L.Mul(L.Set(1f - w1), v));
            sum = count == 1 ? v : L.Fma(L.Set(weights[k]), v, sum);
        }
        Part<L, V>.Store(sum, y, lanes);
    }

    /// <summary>Adds dy of a whole sample to the neighbours of each output cell; dx is cleared before.</summary>
    public static void Backward(float* dy, long dyStride, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across, int width, float* dx, long dxStride)
    {
        long* lines = stackalloc long[4];
        float* weights = stackalloc float[4];
        for (int od = 0; od < depth.Output; od++)
            for (int oh = 0; oh < height.Output; oh++)
            {
                int count = Lines(depth, height, across, od, oh, lines, weights);
                for (int ow = 0; ow < across.Output; ow++, dy += dyStride)
                {
                    int first = across.Source(ow, out float w1);
                    for (int k = 0; k < count; k++)
                    {
                        float* to = dx + ((lines[k] + first) * dxStride);
                        Add(dy, weights[k] * (1f - w1), width, to);
                        if (w1 != 0f)
                            Add(dy, weights[k] * w1, width, to + dxStride);
                    }
                }
            }
    }

    /// <summary>The input lines that an output line mixes, as their first cells, with weights other than 0.</summary>
    static int Lines(InterpolateAxis depth, InterpolateAxis height, InterpolateAxis across, int od, int oh, long* lines,
        float* weights)
    {
        int d = depth.Source(od, out float wd), h = height.Source(oh, out float wh), count = 0;
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
            {
                float weight = (i == 0 ? 1f - wd : wd) * (j == 0 ? 1f - wh : wh);
                if ((i == 1 && wd == 0f) || (j == 1 && wh == 0f))
                    continue;
                lines[count] = (((long)(d + i) * height.Input) + h + j) * across.Input;
                weights[count++] = weight;
            }
        return count;
    }

    static void Add(float* dy, float weight, int width, float* dx)
    {
        V w = L.Set(weight);
        int c = 0;
        for (; c + L.Count <= width; c += L.Count)
            L.Store(L.Fma(w, L.Load(dy + c), L.Load(dx + c)), dx + c);
        if (c < width)
            L.StoreFirst(L.Fma(w, L.LoadFirst(dy + c, width - c), L.LoadFirst(dx + c, width - c)), dx + c, width - c);
    }
}
