using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>y = f(x) and dx = (addend +) dy f'(x), element by element; f' is computed from x again.</summary>
/// <remarks>Lanes run along a row; remainders are masked, so every element takes the same instructions.</remarks>
public static unsafe class Activate<L, V> where L : struct, ILanes<V> where V : struct
{
    public static void Forward(Activation activation, float parameter, float* x, long xStride, long rows, long width,
        float* y, long yStride)
    {
        switch (activation)
        {
            case Activation.None: Forward<NoActivation>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.Relu: Forward<ReluFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.LeakyRelu:
                Forward<LeakyReluFunction>(parameter, x, xStride, rows, width, y, yStride);
                break;
            case Activation.Gelu: Forward<GeluFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.Silu:
                for (long r = 0; r < rows; r++)
                    Silu<L, V>.Row(x + (r * xStride), width, y + (r * yStride));
                break;
            case Activation.Sigmoid: Forward<SigmoidFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.Tanh: Forward<TanhFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.Softplus: Forward<SoftplusFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            case Activation.Exp: Forward<ExpFunction>(parameter, x, xStride, rows, width, y, yStride); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    /// <param name="addend">Added to dx, or null; may be dx itself.</param>
    public static void Backward(Activation activation, float parameter, float* x, long xStride, float* dy,
        long dyStride, float* addend, long addendStride, long rows, long width, float* dx, long dxStride)
    {
        for (long r = 0; r < rows; r++)
        {
            Row(activation, parameter, x, dy, addend, width, dx);
            x += xStride;
            dy += dyStride;
            addend += addend == null ? 0 : addendStride;
            dx += dxStride;
        }
    }

    static void Row(Activation activation, float parameter, float* x, float* dy, float* addend, long width, float* dx)
    {
        switch (activation)
        {
            case Activation.None: Row<NoActivation>(parameter, x, dy, addend, width, dx); break;
            case Activation.Relu: Row<ReluFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.LeakyRelu: Row<LeakyReluFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.Gelu: Row<GeluFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.Silu: Silu<L, V>.Backward(x, dy, addend, width, dx); break;
            case Activation.Sigmoid: Row<SigmoidFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.Tanh: Row<TanhFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.Softplus: Row<SoftplusFunction>(parameter, x, dy, addend, width, dx); break;
            case Activation.Exp: Row<ExpFunction>(parameter, x, dy, addend, width, dx); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    static void Forward<F>(float parameter, float* x, long xStride, long rows, long width, float* y, long yStride)
        where F : struct, IActivation
    {
        V p = L.Set(parameter);
        for (long r = 0; r < rows; r++, x += xStride, y += yStride)
        {
            long i = 0;
            for (; i + L.Count <= width; i += L.Count)
                L.Store(F.Value<L, V>(L.Load(x + i), p), y + i);
            int rest = (int)(width - i);
            if (rest > 0)
                L.StoreFirst(F.Value<L, V>(L.LoadFirst(x + i, rest), p), y + i, rest);
        }
    }

    static void Row<F>(float parameter, float* x, float* dy, float* addend, long width, float* dx)
        where F : struct, IActivation
    {
        V p = L.Set(parameter);
        long i = 0;
        for (; i + L.Count <= width; i += L.Count)
        {
            V g = L.Mul(L.Load(dy + i), F.Slope<L, V>(L.Load(x + i), p));
            L.Store(addend == null ? g : L.Add(g, L.Load(addend + i)), dx + i);
        }
        int rest = (int)(width - i);
        if (rest > 0)
        {
            V g = L.Mul(L.LoadFirst(dy + i, rest), F.Slope<L, V>(L.LoadFirst(x + i, rest), p));
            L.StoreFirst(addend == null ? g : L.Add(g, L.LoadFirst(addend + i, rest)), dx + i, rest);
        }
    }
}
