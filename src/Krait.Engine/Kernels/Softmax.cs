using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Softmax over the channels of each row, and cross entropy of rows of logits.</summary>
/// <remarks>The largest logit is subtracted first, so nothing overflows. Lanes run along channels.</remarks>
public static unsafe class Softmax<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>y = exp(x - max) / sum.</summary>
    public static void Forward(float* x, long xStride, long rows, int width, float* y, long yStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, y += yStride)
        {
            float sum = Exps(x, width, Largest(x, width), y);
            V scale = L.Set(1f / sum);
            for (int i = 0; i < width; i += L.Count)
            {
                int lanes = Math.Min(L.Count, width - i);
                Part<L, V>.Store(L.Mul(Part<L, V>.Load(y + i, lanes), scale), y + i, lanes);
            }
        }
    }

    /// <summary>dx = y (dy - sum(y dy)).</summary>
    public static void Backward(float* y, long yStride, float* dy, long dyStride, long rows, int width, float* dx,
        long dxStride)
    {
        for (long r = 0; r < rows; r++, y += yStride, dy += dyStride, dx += dxStride)
        {
            V mean = L.Set(Reduce<L, V>.Dot(y, dy, width));
            for (int i = 0; i < width; i += L.Count)
            {
                int lanes = Math.Min(L.Count, width - i);
                V g = L.Sub(Part<L, V>.Load(dy + i, lanes), mean);
                Part<L, V>.Store(L.Mul(Part<L, V>.Load(y + i, lanes), g), dx + i, lanes);
            }
        }
    }

    /// <summary>
    /// Adds weight[t] * (ln sum exp(x) - x[t]) of these rows and their weights to <c>sums</c>; rows whose class is
    /// <paramref name="ignored"/> count nothing. A class out of range gives NaN.
    /// </summary>
    public static void CrossEntropy(float* x, long xStride, float* target, long targetStride, float* weight,
        int ignored, long rows, int width, float* scratch, double* sums)
    {
        for (long r = 0; r < rows; r++, x += xStride, target += targetStride)
        {
            int t = (int)*target;
            if (t == ignored)
                continue;
            float largest = Largest(x, width);
            double loss = MathF.Log(Exps(x, width, largest, scratch)) + largest;
            double w = (uint)t < (uint)width ? weight == null ? 1 : weight[t] : double.NaN;
            sums[0] += double.IsNaN(w) ? w : w * (loss - x[t]);
            sums[1] += w;
        }
    }

    /// <summary>dx = scale * weight[t] * (softmax(x) - onehot(t)); 0 in ignored rows.</summary>
    public static void CrossEntropyBackward(float* x, long xStride, float* target, long targetStride, float* weight,
        int ignored, float scale, long rows, int width, float* dx, long dxStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, target += targetStride, dx += dxStride)
        {
            int t = (int)*target;
            if (t == ignored)
            {
                new Span<float>(dx, width).Clear();
                continue;
            }
            float w = scale * ((uint)t < (uint)width ? weight == null ? 1f : weight[t] : float.NaN);
            float sum = Exps(x, width, Largest(x, width), dx);
            V factor = L.Set(w / sum);
            for (int i = 0; i < width; i += L.Count)
            {
                int lanes = Math.Min(L.Count, width - i);
                Part<L, V>.Store(L.Mul(Part<L, V>.Load(dx + i, lanes), factor), dx + i, lanes);
            }
            if ((uint)t < (uint)width)
                dx[t] -= w;
        }
    }

    internal static float Largest(float* x, int width)
    {
        float best = x[0];
        int i = 0;
        if (width >= L.Count)
        {
            V m = L.Load(x);
            for (i = L.Count; i + L.Count <= width; i += L.Count)
                m = L.Max(m, L.Load(x + i));
            best = L.MaxLane(m);
        }
        for (; i < width; i++)
            best = MathF.Max(best, x[i]);
        return best;
    }

    /// <summary>y = exp(x - largest); returns the sum.</summary>
    internal static float Exps(float* x, int width, float largest, float* y)
    {
        V m = L.Set(largest), sum = L.Zero;
        for (int i = 0; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            V e = Part<L, V>.Keep(VectorMath<L, V>.Exp(L.Sub(Part<L, V>.Load(x + i, lanes), m)), lanes);
            Part<L, V>.Store(e, y + i, lanes);
            sum = L.Add(sum, e);
        }
        return L.Sum(sum);
    }
}
