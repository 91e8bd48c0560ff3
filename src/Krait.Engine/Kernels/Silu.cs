using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>SiLU(x) = x / (1 + e^-x) over a row, four registers side by side: their long chains overlap.</summary>
/// <remarks>
/// Relative error 3e-7 for x &gt; -87, then -1.4e-36; NaN stays NaN. Every element takes the same instructions.
/// </remarks>
static unsafe class Silu<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const float Largest = 87f;
    const float Log2E = VectorMath<L, V>.Log2E;
    const float RoundingShift = VectorMath<L, V>.RoundingShift;
    const float Ln2High = VectorMath<L, V>.Ln2High;
    const float Ln2Low = VectorMath<L, V>.Ln2Low;

    /// <summary>y = SiLU(x); y may be x.</summary>
    public static void Row(float* x, long width, float* y)
    {
        long i = 0;
        for (; i + (4 * L.Count) <= width; i += 4 * L.Count)
        {
            V a = L.Load(x + i), b = L.Load(x + i + L.Count);
            V c = L.Load(x + i + (2 * L.Count)), d = L.Load(x + i + (3 * L.Count));
            Four(ref a, ref b, ref c, ref d);
            L.Store(a, y + i);
            L.Store(b, y + i + L.Count);
            L.Store(c, y + i + (2 * L.Count));
            L.Store(d, y + i + (3 * L.Count));
        }
        for (; i < width; i += L.Count)
        {
            int lanes = (int)Math.Min(L.Count, width - i);
            Part<L, V>.Store(One(Part<L, V>.Load(x + i, lanes)), y + i, lanes);
        }
    }

    /// <summary>y = y SiLU(z).</summary>
    public static void Gate(float* z, long width, float* y)
    {
        long i = 0;
        for (; i + (4 * L.Count) <= width; i += 4 * L.Count)
        {
            V a = L.Load(z + i), b = L.Load(z + i + L.Count);
            V c = L.Load(z + i + (2 * L.Count)), d = L.Load(z + i + (3 * L.Count));
            Four(ref a, ref b, ref c, ref d);
            float* to = y + i;
            L.Store(L.Mul(a, L.Load(to)), to);
            L.Store(L.Mul(b, L.Load(to + L.Count)), to + L.Count);
            L.Store(L.Mul(c, L.Load(to + (2 * L.Count))), to + (2 * L.Count));
            L.Store(L.Mul(d, L.Load(to + (3 * L.Count))), to + (3 * L.Count));
        }
        for (; i < width; i += L.Count)
        {
            int lanes = (int)Math.Min(L.Count, width - i);
            Part<L, V>.Store(L.Mul(One(Part<L, V>.Load(z + i, lanes)), Part<L, V>.Load(y + i, lanes)), y + i, lanes);
        }
    }

    /// <summary>dx = (addend +) dy SiLU'(x); addend may be null or dx.</summary>
    public static void Backward(float* x, float* dy, float* addend, long width, float* dx)
    {
        long i = 0;
        for (; i + (4 * L.Count) <= width; i += 4 * L.Count)
        {
            V a = L.Load(x + i), b = L.Load(x + i + L.Count);
            V c = L.Load(x + i + (2 * L.Count)), d = L.Load(x + i + (3 * L.Count));
            (V p, V q, V r, V s) = ExpNegatedBounded(Clamped(a), Clamped(b), Clamped(c), Clamped(d));
            AddSlope(a, p, L.Count, dy, addend, i, dx);
            AddSlope(b, q, L.Count, dy, addend, i + L.Count, dx);
            AddSlope(c, r, L.Count, dy, addend, i + (2 * L.Count), dx);
            AddSlope(d, s, L.Count, dy, addend, i + (3 * L.Count), dx);
        }
        for (; i < width; i += L.Count)
        {
            int lanes = (int)Math.Min(L.Count, width - i);
            V a = Part<L, V>.Load(x + i, lanes), c = Clamped(a);
            AddSlope(a, ExpNegatedBounded(c, c, c, c).First, lanes, dy, addend, i, dx);
        }
    }

    /// <summary>
    /// For y = x SiLU(z), a register of four rows: dx = dy SiLU(z), and dy SiLU'(z), which times x is dz.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GateBackward(float* z, long zStride, float* dy, long dyStride, int stride, float* dx,
        float* slope)
    {
        V a = L.Load(z), b = L.Load(z + zStride), c = L.Load(z + (2 * zStride)), d = L.Load(z + (3 * zStride));
        (V p, V q, V r, V s) = ExpNegatedBounded(Clamped(a), Clamped(b), Clamped(c), Clamped(d));
        FinishGate(a, p, L.Load(dy), dx, slope);
        FinishGate(b, q, L.Load(dy + dyStride), dx + stride, slope + stride);
        FinishGate(c, r, L.Load(dy + (2 * dyStride)), dx + (2 * stride), slope + (2 * stride));
        FinishGate(d, s, L.Load(dy + (3 * dyStride)), dx + (3 * stride), slope + (3 * stride));
    }

    /// <summary>The same for one register.</summary>
    public static void GateBackward(float* z, float* dy, float* dx, float* slope)
    {
        V x = L.Load(z), c = Clamped(x);
        FinishGate(x, ExpNegatedBounded(c, c, c, c).First, L.Load(dy), dx, slope);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSlope(V x, V e, int lanes, float* dy, float* addend, long i, float* dx)
    {
        V d = L.Mul(Part<L, V>.Load(dy + i, lanes), Slope(x, Sigmoid(x, e)));
        Part<L, V>.Store(addend == null ? d : L.Add(d, Part<L, V>.Load(addend + i, lanes)), dx + i, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FinishGate(V z, V e, V dy, float* dx, float* slope)
    {
        V s = Sigmoid(z, e);
        L.Store(L.Mul(dy, Slope(z, s)), slope);
        L.Store(L.Mul(dy, L.Mul(z, s)), dx);
    }

    /// <summary>1 / (1 + e), but 0 where e was clamped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Sigmoid(V x, V e) =>
        L.Select(L.Greater(L.Set(-Largest), x), L.Zero, L.Div(L.Set(1f), L.Add(L.Set(1f), e)));

    /// <summary>SiLU'(x) = s (1 + x (1 - s)), s = sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Slope(V x, V s) => L.Mul(s, L.Fma(x, L.Sub(L.Set(1f), s), L.Set(1f)));

    static V One(V x)
    {
        V y = x, z = x, w = x;
        Four(ref x, ref y, ref z, ref w);
        return x;
    }

    /// <summary>SiLU of four registers, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Four(ref V x, ref V y, ref V z, ref V w)
    {
        (x, y, z, w) = (Floored(x), Floored(y), Floored(z), Floored(w));
        (V p, V q, V r, V s) = ExpNegatedBounded(Capped(x), Capped(y), Capped(z), Capped(w));
        x = L.Div(x, L.Add(p, L.Set(1f)));
        y = L.Div(y, L.Add(q, L.Set(1f)));
        z = L.Div(z, L.Add(r, L.Set(1f)));
        w = L.Div(w, L.Add(s, L.Set(1f)));
    }

    /// <summary>Below -87 SiLU is what it is there, -1.4e-36.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Floored(V x) => L.Max(L.Set(-Largest), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Capped(V x) => L.Min(L.Set(Largest), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Clamped(V x) => Capped(Floored(x));

    /// <summary>e^-x for |x| &lt;= 87 as a polynomial of x + k ln 2, k the nearest whole number to -x / ln 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (V First, V Second, V Third, V Fourth) ExpNegatedBounded(V x, V y, V z, V w)
    {
        V c = L.Set(-Log2E), shift = L.Set(RoundingShift);
        V kx = L.Fma(x, c, shift);
        V ky = L.Fma(y, c, shift);
        V kz = L.Fma(z, c, shift);
        V kw = L.Fma(w, c, shift);
        V p = L.Sub(kx, shift), q = L.Sub(ky, shift), r = L.Sub(kz, shift), s = L.Sub(kw, shift);
        x = L.Fma(p, L.Set(Ln2High), x);
        y = L.Fma(q, L.Set(Ln2High), y);
        z = L.Fma(r, L.Set(Ln2High), z);
        w = L.Fma(s, L.Set(Ln2High), w);
        c = L.Set(Ln2Low);
        x = L.Fma(p, c, x);
        y = L.Fma(q, c, y);
        z = L.Fma(r, c, z);
        w = L.Fma(s, c, w);
        p = VectorMath<L, V>.ExpNegatedPolynomial(x);
        q = VectorMath<L, V>.ExpNegatedPolynomial(y);
        r = VectorMath<L, V>.ExpNegatedPolynomial(z);
        s = VectorMath<L, V>.ExpNegatedPolynomial(w);
        p = L.AddBits(p, L.ShiftLeftBits(kx, 23));
        q = L.AddBits(q, L.ShiftLeftBits(ky, 23));
        r = L.AddBits(r, L.ShiftLeftBits(kz, 23));
        s = L.AddBits(s, L.ShiftLeftBits(kw, 23));
        return (p, q, r, s);
    }
}
