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
        for (int ow = 0; ow < across.Output; ow++, y += yStride)
        {
            int first = across.Source(ow, out float w1);
            int second = w1 == 0f ? first : first + 1;
            for (int c = 0; c < width; c += L.Count)
            {
                int lanes = Math.Min(L.Count, width - c);
                V sum = L.Zero;
                for (int k = 0; k < count; k++)
                {
                    float* line = x + (lines[k] * xStride) + c;
                    V v = Part<L, V>.Load(line + (first * xStride), lanes);
                    if (w1 != 0f)
                    {
                        V next = Part<L, V>.Load(line + (second * xStride), lanes);
                        v = L.Fma(L.Set(w1), next, L.Mul(L.Set(1f - w1), v));
                    }
                    sum = count == 1 ? v : L.Fma(L.Set(weights[k]), v, sum);
                }
                Part<L, V>.Store(sum, y + c, lanes);
            }
        }
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
