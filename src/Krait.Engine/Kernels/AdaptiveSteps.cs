using Krait.Engine.Kernels.Simd;
using Krait.Engine.Optimizers;

namespace Krait.Engine.Kernels;

/// <summary>Optimizers with a rate of its own for every number; fused passes over flat memory,
/// lanes are elements.</summary>
public static unsafe class AdaptiveSteps<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>RMSprop; <paramref name="buffer"/> is null without momentum,
    /// <paramref name="mean"/> unless centred.</summary>
    public static void RmsProp(float* gradient, RmsPropNumbers n, int count, float* weight, float* square,
        float* buffer, float* mean)
    {
        V l2 = L.Set(n.L2), rate = L.Set(-n.LearningRate), eps = L.Set(n.Eps), momentum = L.Set(n.Momentum);
        V alpha = L.Set(n.Alpha), rest = L.Set(n.Rest);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.LoadFirst(weight + i, lanes), g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            V v = L.Fma(alpha, L.LoadFirst(square + i, lanes), L.Mul(rest, L.Mul(g, g)));
            L.StoreFirst(v, square + i, lanes);
            if (mean != null)
            {
                V m = L.Fma(alpha, L.LoadFirst(mean + i, lanes), L.Mul(rest, g));
                L.StoreFirst(m, mean + i, lanes);
                v = L.FmaNegated(m, m, v);
            }
            V step = L.Div(g, L.Add(L.Sqrt(v), eps));
            if (buffer != null)
            {
                step = L.Fma(momentum, L.LoadFirst(buffer + i, lanes), step);
                L.StoreFirst(step, buffer + i, lanes);
            }
            L.StoreFirst(L.Fma(rate, step, w), weight + i, lanes);
        }
    }

    /// <summary>Adagrad.</summary>
    public static void Adagrad(float* gradient, AdagradNumbers n, int count, float* weight, float* sum)
    {
        V l2 = L.Set(n.L2), rate = L.Set(-n.LearningRate), eps = L.Set(n.Eps), start = L.Set(n.Start);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.LoadFirst(weight + i, lanes), g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            V s = L.Fma(g, g, L.Add(start, L.LoadFirst(sum + i, lanes)));
            L.StoreFirst(s, sum + i, lanes);
            L.StoreFirst(L.Fma(rate, L.Div(g, L.Add(L.Sqrt(s), eps)), w), weight + i, lanes);
        }
    }

    /// <summary>Adadelta.</summary>
    public static void Adadelta(float* gradient, AdadeltaNumbers n, int count, float* weight, float* square,
        float* moved)
    {
        V l2 = L.Set(n.L2), rate = L.Set(-n.LearningRate), eps = L.Set(n.Eps), rho = L.Set(n.Rho);
        V rest = L.Set(n.Rest);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.LoadFirst(weight + i, lanes), g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            V v = L.Fma(rho, L.LoadFirst(square + i, lanes), L.Mul(rest, L.Mul(g, g)));
            V old = L.LoadFirst(moved + i, lanes);
            V step = L.Mul(L.Div(L.Sqrt(L.Add(old, eps)), L.Sqrt(L.Add(v, eps))), g);
            L.StoreFirst(v, square + i, lanes);
            L.StoreFirst(L.Fma(rho, old, L.Mul(rest, L.Mul(step, step))), moved + i, lanes);
            L.StoreFirst(L.Fma(rate, step, w), weight + i, lanes);
        }
    }

    /// <summary>Adamax.</summary>
    public static void Adamax(float* gradient, AdamaxNumbers n, int count, float* weight, float* first, float* largest)
    {
        V l2 = L.Set(n.L2), step = L.Set(-n.StepSize), eps = L.Set(n.Eps), beta1 = L.Set(n.Beta1);
        V rest1 = L.Set(n.Rest1), beta2 = L.Set(n.Beta2);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.LoadFirst(weight + i, lanes), g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            V m = L.Fma(beta1, L.LoadFirst(first + i, lanes), L.Mul(rest1, g));
            V u = L.Max(L.Mul(beta2, L.LoadFirst(largest + i, lanes)), L.Add(L.Abs(g), eps));
            L.StoreFirst(m, first + i, lanes);
            L.StoreFirst(u, largest + i, lanes);
            L.StoreFirst(L.Fma(step, L.Div(m, u), w), weight + i, lanes);
        }
    }
}
