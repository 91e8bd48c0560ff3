using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Binary cross entropy of flat runs of numbers, from logits or from probabilities.</summary>
public static unsafe class Bce<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Logarithms of probabilities are kept above this.</summary>
    const float LogFloor = -100f;

    /// <summary>The product p (1 - p) is kept above this in the gradient from probabilities.</summary>
    const float VarianceFloor = 1e-12f;

    const int Block = 1024;

    /// <summary>
    /// Sum over the run of ln(1 + e^x) - t x from logits, of -(t ln p + (1 - t) ln(1 - p)) from probabilities; blocks
    /// of 1 024 in float32 lanes, blocks added in double precision.
    /// </summary>
    public static double Forward(bool fromLogits, float* x, float* target, long count)
    {
        double total = 0;
        for (long first = 0; first < count; first += Block)
        {
            long end = Math.Min(count, first + Block);
            V sum = L.Zero;
            for (long i = first; i < end; i += L.Count)
            {
                int lanes = (int)Math.Min(L.Count, end - i);
                V v = Part<L, V>.Load(x + i, lanes), t = Part<L, V>.Load(target + i, lanes);
                V term = fromLogits ? OfLogits(v, t) : OfProbabilities(v, t);
                sum = L.Add(sum, Part<L, V>.Keep(term, lanes));
            }
            total += L.Sum(sum);
        }
        return total;
    }

    /// <summary>dx = scale * (sigmoid(x) - t), or scale * (p - t) / max(p (1 - p), 1e-12).</summary>
    public static void Backward(bool fromLogits, float* x, float* target, float scale, long count, float* dx)
    {
        V s = L.Set(scale), one = L.Set(1f);
        for (long i = 0; i < count; i += L.Count)
        {
            int lanes = (int)Math.Min(L.Count, count - i);
            V v = Part<L, V>.Load(x + i, lanes), t = Part<L, V>.Load(target + i, lanes);
            V g = fromLogits
                ? L.Sub(VectorMath<L, V>.Sigmoid(v), t)
                : L.Div(L.Sub(v, t), L.Max(L.Set(VarianceFloor), L.Mul(v, L.Sub(one, v))));
            Part<L, V>.Store(L.Mul(s, g), dx + i, lanes);
        }
    }

    static V OfLogits(V x, V t) => L.FmaNegated(t, x, VectorMath<L, V>.Softplus(x));

    static V OfProbabilities(V p, V t)
    {
        V floor = L.Set(LogFloor), one = L.Set(1f), rest = L.Sub(one, p);
        V log = L.Max(floor, VectorMath<L, V>.Log(p)), logRest = L.Max(floor, VectorMath<L, V>.Log(rest));
        return L.Negate(L.Fma(t, log, L.Mul(L.Sub(one, t), logRest)));
    }
}
