using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// exp, log, softplus, sigmoid, tanh and erf on one register of float32 lanes, without branches or tables.
/// Ranges and worst errors stand at each method; they are measured by VectorMathTests against double.
/// </summary>
/// <remarks>
/// Polynomials are minimax fits (Remez exchange, relative error) rounded to float32. NaN in gives NaN out, except in
/// <see cref="Exp2Bounded"/>. Min and Max keep a NaN that stands in the second operand on every instruction set.
/// </remarks>
public static class VectorMath<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>1.5 * 2^23: adding it rounds to a whole number, which then stands in the low bits.</summary>
    internal const float RoundingShift = 12582912f;
    internal const float Log2E = 1.44269504f;
    const float Exp2C5 = 0.00132647273f;
    const float Exp2C4 = 0.00967151299f;
    const float Exp2C3 = 0.0555073358f;
    const float Exp2C2 = 0.240222424f;
    const float Exp2C1 = 0.693147004f;
    const float Ln2 = 0.693147182f;
    internal const float Ln2High = 0.693359375f;
    internal const float Ln2Low = -2.12194440e-4f;
    const float Exp2UnitC5 = 0.000964306179f;
    const float Exp2UnitC4 = 0.00925519038f;
    const float Exp2UnitC3 = 0.055341199f;
    const float Exp2UnitC2 = 0.240195721f;
    const float Exp2UnitC1 = 0.693145454f;
    const int OneBits = 0x3f800000;
    const int SignBit = unchecked((int)0x80000000);

    /// <summary>
    /// 2^x for |x| &lt;= 126 only, anything else is garbage, for four at once, step by step side by side, so that none
    /// has to wait for its own last step; relative error 1.8e-7.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (V First, V Second, V Third, V Fourth) Exp2Bounded(V x, V y, V z, V w)
    {
        V wholeX = L.RoundToIntBits(x), wholeY = L.RoundToIntBits(y);
        V wholeZ = L.RoundToIntBits(z), wholeW = L.RoundToIntBits(w);
        x = L.Sub(x, L.FromIntBits(wholeX));
        y = L.Sub(y, L.FromIntBits(wholeY));
        z = L.Sub(z, L.FromIntBits(wholeZ));
        w = L.Sub(w, L.FromIntBits(wholeW));
        V c5 = L.Set(Exp2C5), c = L.Set(Exp2C4);
        V p = L.Fma(c5, x, c), q = L.Fma(c5, y, c), r = L.Fma(c5, z, c), s = L.Fma(c5, w, c);
        c = L.Set(Exp2C3);
        p = L.Fma(p, x, c);
        q = L.Fma(q, y, c);
        r = L.Fma(r, z, c);
        s = L.Fma(s, w, c);
        c = L.Set(Exp2C2);
        p = L.Fma(p, x, c);
        q = L.Fma(q, y, c);
        r = L.Fma(r, z, c);
        s = L.Fma(s, w, c);
        c = L.Set(Exp2C1);
        p = L.Fma(p, x, c);
        q = L.Fma(q, y, c);
        r = L.Fma(r, z, c);
        s = L.Fma(s, w, c);
        c = L.Set(1f);
        p = L.AddBits(L.Fma(p, x, c), L.ShiftLeftBits(wholeX, 23));
        q = L.AddBits(L.Fma(q, y, c), L.ShiftLeftBits(wholeY, 23));
        r = L.AddBits(L.Fma(r, z, c), L.ShiftLeftBits(wholeZ, 23));
        s = L.AddBits(L.Fma(s, w, c), L.ShiftLeftBits(wholeW, 23));
        return (p, q, r, s);
    }

    /// <summary>
    /// 2^x for -1 &lt;= x &lt;= 0 only, for four at once; relative error 1.8e-7 and a rounding, least near 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (V First, V Second, V Third, V Fourth) Exp2Unit(V x, V y, V z, V w)
    {
        V c5 = L.Set(Exp2UnitC5), c = L.Set(Exp2UnitC4);
        V p = L.Fma(c5, x, c), q = L.Fma(c5, y, c), r = L.Fma(c5, z, c), s = L.Fma(c5, w, c);
        c = L.Set(Exp2UnitC3);
        (p, q, r, s) = (L.Fma(p, x, c), L.Fma(q, y, c), L.Fma(r, z, c), L.Fma(s, w, c));
        c = L.Set(Exp2UnitC2);
        (p, q, r, s) = (L.Fma(p, x, c), L.Fma(q, y, c), L.Fma(r, z, c), L.Fma(s, w, c));
        c = L.Set(Exp2UnitC1);
        (p, q, r, s) = (L.Fma(p, x, c), L.Fma(q, y, c), L.Fma(r, z, c), L.Fma(s, w, c));
        c = L.Set(1f);
        return (L.Fma(p, x, c), L.Fma(q, y, c), L.Fma(r, z, c), L.Fma(s, w, c));
    }

    /// <summary>2^x for any x: 0 below -150, infinity from 128 on, denormals right; relative error 1.8e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2(V x)
    {
        x = L.Min(L.Set(129f), L.Max(L.Set(-151f), x));
        V whole = L.Sub(L.Add(x, L.Set(RoundingShift)), L.Set(RoundingShift));
        return ScaleByPowerOf2(Exp2Polynomial(L.Sub(x, whole)), whole);
    }

    /// <summary>e^x for any x: 0 below -103.98, infinity above 88.73, denormals right; relative error 1.2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        x = L.Min(L.Set(89f), L.Max(L.Set(-104.5f), x));
        V whole = L.Sub(L.Fma(x, L.Set(Log2E), L.Set(RoundingShift)), L.Set(RoundingShift));
        V r = L.FmaNegated(whole, L.Set(Ln2High), x);
        r = L.FmaNegated(whole, L.Set(Ln2Low), r);
        return ScaleByPowerOf2(ExpPolynomial(r), whole);
    }

    /// <summary>
    /// e^-|x|, but never below e^-87 = 1.6e-38; relative error 1.2e-7. NaN gives anything. For softplus in the scan.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpMinusAbs(V x)
    {
        V a = L.Min(L.Set(87f), L.Abs(x));
        V shifted = L.FmaNegated(a, L.Set(Log2E), L.Set(RoundingShift));
        V whole = L.Sub(shifted, L.Set(RoundingShift));
        V r = L.FmaNegated(whole, L.Set(Ln2High), L.Negate(a));
        r = L.FmaNegated(whole, L.Set(Ln2Low), r);
        return L.AddBits(ExpPolynomial(r), L.ShiftLeftBits(shifted, 23));
    }

    /// <summary>ln x: -infinity at 0, NaN below; denormals right; error 1.2e-7 relative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log(V x)
    {
        const int sqrtHalfBits = 0x3f3504f3;
        V denormal = L.Greater(L.Set(1.17549435e-38f), x);
        V normal = L.Select(denormal, L.Mul(x, L.Set(8388608f)), x);
        V shifted = L.AddBits(normal, L.SetBits(OneBits - sqrtHalfBits));
        V e = L.Sub(L.FromIntBits(L.ShiftRightBits(shifted, 23)), L.Select(denormal, L.Set(150f), L.Set(127f)));
        V f = L.AddBits(L.AndBits(shifted, L.SetBits(0x007fffff)), L.SetBits(sqrtHalfBits));
        f = L.Sub(f, L.Set(1f));
        V f2 = L.Mul(f, f);
        V p = L.Fma(L.Set(0.0674664155f), f, L.Set(-0.116756514f));
        p = L.Fma(p, f, L.Set(0.11888162f));
        p = L.Fma(p, f, L.Set(-0.124055892f));
        p = L.Fma(p, f, L.Set(0.142195523f));
        p = L.Fma(p, f, L.Set(-0.166679963f));
        p = L.Fma(p, f, L.Set(0.200021192f));
        p = L.Fma(p, f, L.Set(-0.250000089f));
        p = L.Fma(p, f, L.Set(0.333333135f));
        V y = L.Fma(e, L.Set(Ln2Low), L.Mul(L.Mul(f, f2), p));
        y = L.Add(L.FmaNegated(L.Set(0.5f), f2, y), f);
        y = L.Fma(e, L.Set(Ln2High), y);
        V edge = L.Select(L.EqualTo(x, L.Zero), L.Set(float.NegativeInfinity), L.Set(float.NaN));
        y = L.Select(L.Greater(x, L.Zero), y, edge);
        return L.Select(L.EqualTo(x, L.Set(float.PositiveInfinity)), x, y);
    }

    /// <summary>ln(1 + t) for 0 &lt;= t &lt;= 1; relative error 2e-7, also for tiny t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log1pUnit(V t)
    {
        // Pairs first (Estrin): half the latency of nine dependent steps.
        V t2 = L.Mul(t, t), t4 = L.Mul(t2, t2);
        V p01 = L.Fma(L.Set(0.333299637f), t, L.Set(-0.499999017f));
        V p23 = L.Fma(L.Set(0.196759388f), t, L.Set(-0.249541342f));
        V p45 = L.Fma(L.Set(0.106036544f), t, L.Set(-0.153055921f));
        V p67 = L.Fma(L.Set(0.0198514611f), t, L.Set(-0.0569595322f));
        V low = L.Fma(p23, t2, p01);
        V high = L.Fma(L.Fma(L.Set(-0.00324402493f), t2, p67), t2, p45);
        return L.Mul(t, L.Fma(L.Fma(high, t4, low), t, L.Set(1f)));
    }

    /// <summary>ln(1 + e^x) for any x, without overflow; relative error 3e-7 (x &gt; -87), then denormals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Softplus(V x) =>
        L.Add(L.Max(L.Zero, x), Log1pUnit(Exp(L.Negate(L.Abs(x)))));

    /// <summary>
    /// ln(1 + e^x) for -20 &lt;= x &lt;= -1/2 only, anything else is garbage, for four at once, step by step side by
    /// side; relative error 3e-7.
    /// </summary>
    /// <remarks>x is small enough for a single ln 2; the series of ln(1 + t) is short up to t = e^-1/2.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (V First, V Second, V Third, V Fourth) SoftplusLow(V x, V y, V z, V w)
    {
        V c = L.Set(Log2E), shift = L.Set(RoundingShift);
        V wholeX = L.Fma(x, c, shift), wholeY = L.Fma(y, c, shift);
        V wholeZ = L.Fma(z, c, shift), wholeW = L.Fma(w, c, shift);
        c = L.Set(-Ln2);
        x = L.Fma(L.Sub(wholeX, shift), c, x);
        y = L.Fma(L.Sub(wholeY, shift), c, y);
        z = L.Fma(L.Sub(wholeZ, shift), c, z);
        w = L.Fma(L.Sub(wholeW, shift), c, w);
        V first = L.Set(0.00830926932f);
        c = L.Set(0.0418881848f);
        V p = L.Fma(first, x, c), q = L.Fma(first, y, c), r = L.Fma(first, z, c), s = L.Fma(first, w, c);
        (p, q, r, s) = Horner((p, q, r, s), (x, y, z, w), 0.166671619f);
        (p, q, r, s) = Horner((p, q, r, s), (x, y, z, w), 0.499992639f);
        (p, q, r, s) = Horner((p, q, r, s), (x, y, z, w), 1f);
        (p, q, r, s) = Horner((p, q, r, s), (x, y, z, w), 1f);
        x = L.AddBits(p, L.ShiftLeftBits(wholeX, 23));
        y = L.AddBits(q, L.ShiftLeftBits(wholeY, 23));
        z = L.AddBits(r, L.ShiftLeftBits(wholeZ, 23));
        w = L.AddBits(s, L.ShiftLeftBits(wholeW, 23));
        return (Log1pLow(x), Log1pLow(y), Log1pLow(z), Log1pLow(w));
    }

    /// <summary>ln(1 + t) for 0 &lt;= t &lt;= 0.61, by pairs (Estrin): half the latency of six dependent steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Log1pLow(V t)
    {
        V t2 = L.Mul(t, t);
        V p = L.Fma(L.Set(0.0329486355f), t, L.Set(-0.105879605f));
        p = L.Fma(p, t2, L.Fma(L.Set(0.180722073f), t, L.Set(-0.246761903f)));
        p = L.Fma(p, t2, L.Fma(L.Set(0.333085507f), t, L.Set(-0.499994069f)));
        return L.Fma(p, t2, t);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (V, V, V, V) Horner((V, V, V, V) p, (V, V, V, V) x, float coefficient)
    {
        V c = L.Set(coefficient);
        return (L.Fma(p.Item1, x.Item1, c), L.Fma(p.Item2, x.Item2, c), L.Fma(p.Item3, x.Item3, c),
            L.Fma(p.Item4, x.Item4, c));
    }

    /// <summary>1 / (1 + e^-x) for any x; relative error 2.5e-7 for x &gt; -87, then 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) =>
        L.Div(L.Set(1f), L.Add(L.Set(1f), Exp(L.Negate(x))));

    /// <summary>tanh x for any x; relative error 2.5e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        V a = L.Abs(x);
        V x2 = L.Mul(x, x);
        V p = L.Fma(L.Set(-0.00571704516f), x2, L.Set(0.020650588f));
        p = L.Fma(p, x2, L.Set(-0.0537434965f));
        p = L.Fma(p, x2, L.Set(0.133314908f));
        p = L.Fma(p, x2, L.Set(-0.333332837f));
        V near = L.Fma(L.Mul(p, x2), x, x);
        V far = L.Div(L.Set(2f), L.Add(Exp(L.Add(a, a)), L.Set(1f)));
        far = L.OrBits(L.Sub(L.Set(1f), far), L.AndBits(x, L.SetBits(SignBit)));
        return L.Select(L.Greater(L.Set(0.625f), a), near, far);
    }

    /// <summary>The error function for any x; relative error 2.5e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf(V x)
    {
        V a = L.Abs(x);
        V x2 = L.Mul(x, x);
        V p = L.Fma(L.Set(7.85386146e-05f), x2, L.Set(-0.000801019371f));
        p = L.Fma(p, x2, L.Set(0.00518832775f));
        p = L.Fma(p, x2, L.Set(-0.0268538129f));
        p = L.Fma(p, x2, L.Set(0.112835854f));
        p = L.Fma(p, x2, L.Set(-0.37612626f));
        V near = L.Mul(x, L.Fma(p, x2, L.Set(1.12837911f)));
        V far = L.OrBits(L.Sub(L.Set(1f), ErfcAboveOne(a)), L.AndBits(x, L.SetBits(SignBit)));
        return L.Select(L.Greater(L.Set(1f), a), near, far);
    }

    /// <summary>1 - erf(a) as a power of 2, for a &gt;= 1; below 1.6e-8, that is beyond 4, it stays there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V ErfcAboveOne(V a)
    {
        V c = L.Min(L.Set(4f), a);
        V q = L.Fma(L.Set(-3.13030505e-05f), c, L.Set(0.000636910554f));
        q = L.Fma(q, c, L.Set(-0.00606694445f));
        q = L.Fma(q, c, L.Set(0.0363708362f));
        q = L.Fma(q, c, L.Set(-0.156420037f));
        q = L.Fma(q, c, L.Set(-0.913538158f));
        q = L.Fma(q, c, L.Set(-1.62963986f));
        return Exp2(L.Fma(q, c, L.Set(0.000271902449f)));
    }

    /// <summary>2^r for |r| &lt;= 0.5; exactly 1 at 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Exp2Polynomial(V r)
    {
        V p = L.Fma(L.Set(Exp2C5), r, L.Set(Exp2C4));
        p = L.Fma(p, r, L.Set(Exp2C3));
        p = L.Fma(p, r, L.Set(Exp2C2));
        p = L.Fma(p, r, L.Set(Exp2C1));
        return L.Fma(p, r, L.Set(1f));
    }

    /// <summary>e^r for |r| &lt;= ln(2) / 2; exactly 1 at 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V ExpPolynomial(V r)
    {
        V r2 = L.Mul(r, r);
        V high = L.Fma(L.Fma(L.Set(0.00138146128f), r, L.Set(0.00836871006f)), r, L.Set(0.041668389f));
        V low = L.Fma(L.Set(0.166665211f), r, L.Set(0.5f));
        return L.Add(L.Fma(L.Fma(high, r2, low), r2, r), L.Set(1f));
    }

    /// <summary>e^-r, with the same bits as <see cref="ExpPolynomial"/> of -r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V ExpNegatedPolynomial(V r)
    {
        V r2 = L.Mul(r, r);
        V high = L.FmaNegated(L.FmaNegated(L.Set(0.00138146128f), r, L.Set(0.00836871006f)), r, L.Set(0.041668389f));
        V low = L.FmaNegated(L.Set(0.166665211f), r, L.Set(0.5f));
        return L.Add(L.Fma(L.Fma(high, r2, low), r2, L.Negate(r)), L.Set(1f));
    }

    /// <summary>p * 2^whole in two factors, so that overflow and denormals come out right and NaN survives.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V ScaleByPowerOf2(V p, V whole)
    {
        V half = L.Fma(whole, L.Set(0.5f), L.Set(RoundingShift));
        V rest = L.Add(L.Sub(whole, L.Sub(half, L.Set(RoundingShift))), L.Set(RoundingShift));
        V one = L.SetBits(OneBits);
        V first = L.AddBits(L.ShiftLeftBits(half, 23), one);
        V second = L.AddBits(L.ShiftLeftBits(rest, 23), one);
        return L.Mul(L.Mul(p, first), second);
    }
}
