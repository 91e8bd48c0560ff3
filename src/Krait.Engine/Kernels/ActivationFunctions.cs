using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>An activation over lanes: f(x) and f'(x). <c>p</c> is its parameter (the slope of a leaky ReLU).</summary>
interface IActivation
{
    static abstract V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct;
    static abstract V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct;
}

readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => L.Set(1f);
}

/// <summary>NaN stays NaN; the slope at 0 is 0.</summary>
readonly struct ReluFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => L.Max(L.Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        L.AndBits(L.Greater(x, L.Zero), L.Set(1f));
}

readonly struct LeakyReluFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        L.Select(L.Greater(x, L.Zero), x, L.Mul(x, p));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        L.Select(L.Greater(x, L.Zero), L.Set(1f), p);
}

readonly struct GeluFunction : IActivation
{
    const float RootHalf = 0.70710678f, DensityAtZero = 0.39894228f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        L.Mul(x, Cumulative<L, V>(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct
    {
        V density = L.Mul(L.Set(DensityAtZero), VectorMath<L, V>.Exp(L.Mul(L.Mul(x, x), L.Set(-0.5f))));
        return L.Fma(x, density, Cumulative<L, V>(x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Cumulative<L, V>(V x) where L : struct, ILanes<V> where V : struct
    {
        V half = L.Set(0.5f);
        return L.Fma(half, VectorMath<L, V>.Erf(L.Mul(x, L.Set(RootHalf))), half);
    }
}

readonly struct SiluFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        L.Mul(x, VectorMath<L, V>.Sigmoid(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct
    {
        V s = VectorMath<L, V>.Sigmoid(x), one = L.Set(1f);
        return L.Mul(s, L.Fma(x, L.Sub(one, s), one));
    }
}

readonly struct SigmoidFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        VectorMath<L, V>.Sigmoid(x);

    /// <summary>s(x) s(-x): keeps its relative accuracy for large x, where 1 - s(x) would cancel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct
    {
        V s = VectorMath<L, V>.Sigmoid(L.Negate(L.Abs(x)));
        return L.FmaNegated(s, s, s);
    }
}

readonly struct TanhFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => VectorMath<L, V>.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct
    {
        V t = VectorMath<L, V>.Tanh(x);
        return L.FmaNegated(t, t, L.Set(1f));
    }
}

readonly struct SoftplusFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        VectorMath<L, V>.Softplus(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct =>
        VectorMath<L, V>.Sigmoid(x);
}

readonly struct ExpFunction : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => VectorMath<L, V>.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Slope<L, V>(V x, V p) where L : struct, ILanes<V> where V : struct => VectorMath<L, V>.Exp(x);
}
