using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// One axis of Winograd's algorithm F(m, 3): m neighbouring outputs y = Aᵀ((G w) · (Bᵀ x)) of m + 2 inputs x and three
/// taps w. It multiplies polynomials by way of their values at m + 1 points and their leading coefficients.
/// </summary>
/// <remarks>
/// Winograd, Arithmetic Complexity of Computations (1980); Lavin and Gray, arXiv:1509.09308. Steps count floats (or
/// doubles) from one number of the axis to the next.
/// </remarks>
internal unsafe interface IWinogradAxis
{
    /// <summary>m.</summary>
    static abstract int Outputs { get; }

    /// <summary>y = Bᵀ x: m + 2 vectors from m + 2.</summary>
    static abstract void Input<L, V>(float* x, long xStep, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct;

    /// <summary>y = Aᵀ x + bias: m vectors from m + 2.</summary>
    static abstract void Output<L, V>(float* x, long xStep, V bias, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct;

    /// <summary>y = G w: m + 2 numbers from three.</summary>
    static abstract void Weight(double* w, int wStep, double* y, int yStep);
}

/// <summary>F(2, 3) at 0, 1, -1: additions only.</summary>
internal readonly unsafe struct Winograd2 : IWinogradAxis
{
    public static int Outputs => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<L, V>(float* x, long xStep, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct
    {
        V x0 = L.Load(x), x1 = L.Load(x + xStep), x2 = L.Load(x + 2 * xStep), x3 = L.Load(x + 3 * xStep);
        L.Store(L.Sub(x0, x2), y);
        L.Store(L.Add(x1, x2), y + yStep);
        L.Store(L.Sub(x2, x1), y + 2 * yStep);
        L.Store(L.Sub(x3, x1), y + 3 * yStep);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<L, V>(float* x, long xStep, V bias, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct
    {
        V x1 = L.Load(x + xStep), x2 = L.Load(x + 2 * xStep);
        L.Store(L.Add(L.Add(L.Load(x), bias), L.Add(x1, x2)), y);
        L.Store(L.Add(L.Add(L.Load(x + 3 * xStep), bias), L.Sub(x1, x2)), y + yStep);
    }

    public static void Weight(double* w, int wStep, double* y, int yStep)
    {
        double even = (w[0] + w[2 * wStep]) / 2, odd = w[wStep] / 2;
        y[0] = w[0];
        y[yStep] = even + odd;
        y[2 * yStep] = even - odd;
        y[3 * yStep] = w[2 * wStep];
    }
}

/// <summary>
/// F(4, 3) at 0, 5/8, -5/8, 3/2, -3/2, which lose fewer digits than the usual 0, 1, -1, 2, -2: powers of the points
/// stay near 1, and their differences too.
/// </summary>
internal readonly unsafe struct Winograd4 : IWinogradAxis
{
    const float A = 0.625f, B = 1.5f, A2 = A * A, B2 = B * B;

    public static int Outputs => 4;

    /// <summary>Rows of Bᵀ are the coefficients of the product of (t - p) over all other points p.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<L, V>(float* x, long xStep, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct
    {
        float* high = x + 3 * xStep;
        V x1 = L.Load(x + xStep), x2 = L.Load(x + 2 * xStep), x3 = L.Load(high), x4 = L.Load(high + xStep);
        V both = L.Set(A2 * B2), sum = L.Set(-A2 - B2);
        L.Store(L.Fma(sum, x2, L.Fma(both, L.Load(x), x4)), y);
        V even = L.Fma(L.Set(-B2), x2, x4), odd = L.Fma(L.Set(-B2), x1, x3);
        L.Store(L.Fma(L.Set(A), odd, even), y + yStep);
        L.Store(L.Fma(L.Set(-A), odd, even), y + 2 * yStep);
        y += 3 * yStep;
        (even, odd) = (L.Fma(L.Set(-A2), x2, x4), L.Fma(L.Set(-A2), x1, x3));
        L.Store(L.Fma(L.Set(B), odd, even), y);
        L.Store(L.Fma(L.Set(-B), odd, even), y + yStep);
        L.Store(L.Fma(sum, x3, L.Fma(both, x1, L.Load(high + 2 * xStep))), y + 2 * yStep);
    }

    /// <summary>Column p of Aᵀ is 1, p, p², p³.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<L, V>(float* x, long xStep, V bias, float* y, long yStep)
        where L : struct, ILanes<V> where V : struct
    {
        float* high = x + 3 * xStep;
        V x1 = L.Load(x + xStep), x2 = L.Load(x + 2 * xStep), x3 = L.Load(high), x4 = L.Load(high + xStep);
        V even = L.Add(x1, x2), odd = L.Sub(x1, x2), even2 = L.Add(x3, x4), odd2 = L.Sub(x3, x4);
        L.Store(L.Add(L.Add(L.Load(x), bias), L.Add(even, even2)), y);
        L.Store(L.Fma(L.Set(A), odd, L.Fma(L.Set(B), odd2, bias)), y + yStep);
        y += 2 * yStep;
        L.Store(L.Fma(L.Set(A2), even, L.Fma(L.Set(B2), even2, bias)), y);
        V last = L.Add(L.Load(high + 2 * xStep), bias);
        L.Store(L.Fma(L.Set(A2 * A), odd, L.Fma(L.Set(B2 * B), odd2, last)), y + yStep);
    }

    /// <summary>Row p of G is 1, p, p², divided by the product of (p - q) over all other points q.</summary>
    public static void Weight(double* w, int wStep, double* y, int yStep)
    {
        const double a = A, b = B, aa = a * a, bb = b * b;
        double w0 = w[0], w1 = w[wStep], w2 = w[2 * wStep];
        y[0] = w0 / (aa * bb);
        double even = (w0 + aa * w2) / (2 * aa * (aa - bb)), odd = a * w1 / (2 * aa * (aa - bb));
        y[yStep] = even + odd;
        y[2 * yStep] = even - odd;
        even = (w0 + bb * w2) / (2 * bb * (bb - aa));
        odd = b * w1 / (2 * bb * (bb - aa));
        y[3 * yStep] = even + odd;
        y[4 * yStep] = even - odd;
        y[5 * yStep] = w2;
    }
}
