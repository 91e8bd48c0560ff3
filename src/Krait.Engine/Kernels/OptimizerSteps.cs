using Krait.Engine.Kernels.Simd;
using Krait.Engine.Optimizers;

namespace Krait.Engine.Kernels;

/// <summary>Fused optimizer passes over flat memory: each number is read and written once.
/// Lanes are elements.</summary>
public static unsafe class OptimizerSteps<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Adam and AdamW; <paramref name="largest"/> is null without AMSGrad.</summary>
    public static void Adam(float* gradient, AdamNumbers n, int count, float* weight, float* first, float* second,
        float* largest)
    {
        V keep = L.Set(n.Keep), l2 = L.Set(n.L2), step = L.Set(-n.StepSize), eps = L.Set(n.Eps);
        V beta1 = L.Set(n.Beta1), rest1 = L.Set(n.Rest1), beta2 = L.Set(n.Beta2), rest2 = L.Set(n.Rest2);
        V root = L.Set(n.RootBias2);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.Mul(keep, L.LoadFirst(weight + i, lanes));
            V g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            V m = L.Fma(beta1, L.LoadFirst(first + i, lanes), L.Mul(rest1, g));
            V v = L.Fma(beta2, L.LoadFirst(second + i, lanes), L.Mul(rest2, L.Mul(g, g)));
            L.StoreFirst(m, first + i, lanes);
            L.StoreFirst(v, second + i, lanes);
            if (largest != null)
            {
                v = L.Max(v, L.LoadFirst(largest + i, lanes));
                L.StoreFirst(v, largest + i, lanes);
            }
            V scale = L.Add(L.Div(L.Sqrt(v), root), eps);
            L.StoreFirst(L.Fma(step, L.Div(m, scale), w), weight + i, lanes);
        }
    }

    /// <summary>Gradient descent; <paramref name="buffer"/> is null without momentum.</summary>
    public static void Sgd(float* gradient, SgdNumbers n, int count, float* weight, float* buffer)
    {
        V l2 = L.Set(n.L2), rate = L.Set(-n.LearningRate), carry = L.Set(n.Carry), take = L.Set(n.Take);
        V look = L.Set(n.Look);
        for (int i = 0; i < count; i += L.Count)
        {
            int lanes = Math.Min(L.Count, count - i);
            V w = L.LoadFirst(weight + i, lanes);
            V g = L.Fma(l2, w, L.LoadFirst(gradient + i, lanes));
            if (buffer != null)
            {
                V b = L.Fma(carry, L.LoadFirst(buffer + i, lanes), L.Mul(take, g));
                L.StoreFirst(b, buffer + i, lanes);
                g = n.IsNesterov ? L.Fma(look, b, g) : b;
            }
            L.StoreFirst(L.Fma(rate, g, w), weight + i, lanes);
        }
    }

    /// <summary>Sum of squares, each square and sum in double:
    /// lanes would change the order with the instruction set.</summary>
    public static double SumOfSquares(float* x, int count)
    {
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i <= count - 4; i += 4)
        {
            a += (double)x[i] * x[i];
            b += (double)x[i + 1] * x[i + 1];
            c += (double)x[i + 2] * x[i + 2];
            d += (double)x[i + 3] * x[i + 3];
        }
        for (; i < count; i++)
            a += (double)x[i] * x[i];
        return a + b + (c + d);
    }
}
