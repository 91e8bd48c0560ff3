using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class SelectiveScanChunk<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const float Degree4C4 = 0.00817867834f, Degree4C3 = 0.0549436286f, Degree4C2 = 0.240141153f;
    const float Degree4C1 = 0.693143308f;
    const float Degree5C5 = 0.000964306179f, Degree5C4 = 0.00925519038f, Degree5C3 = 0.055341199f;
    const float Degree5C2 = 0.240195721f, Degree5C1 = 0.693145454f;

    /// <summary>
    /// Four states whose decays are polynomials of the step: 2^(delta A2) = 1 + delta (k1 + delta (k2 + ...)) with
    /// k_j = c_j A2^j for each state and channel. D: the degree, 4 for -1/2 &lt;= delta A2 &lt;= 0 (relative error
    /// 1.6e-7), 5 for -1 (1.8e-7). S: squarings, for exponents 2^S times as large.
    /// </summary>
    /// <remarks>
    /// No delta A2 is formed, one register of steps serves the chains of all states, and two steps share each
    /// coefficient: eight chains run side by side.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    static void PolynomialPass<D, S>(int steps, float* a2, float* delta, float* deltaU, float* b, float* c,
        long stride, float* h, float* y)
        where D : struct, ICount
        where S : struct, ICount
    {
        float* room = stackalloc float[((5 * 4) + 1) * Channels];
        float* k = (float*)(((nint)room + 63) & ~63);
        Coefficients<D, S>(a2, k);
        V h0 = L.Load(h), h1 = L.Load(h + Channels);
        V h2 = L.Load(h + (2 * Channels)), h3 = L.Load(h + (3 * Channels));
        int pairs = steps / 2;
        for (; pairs > 0; pairs--)
        {
            V d = L.Load(delta), e = L.Load(delta + Channels);
            V p0 = L.Load(k), p1 = L.Load(k + L.Count), p2 = L.Load(k + (2 * L.Count)), p3 = L.Load(k + (3 * L.Count));
            V q0 = p0, q1 = p1, q2 = p2, q3 = p3;
            for (int j = 1; j < D.Value; j++)
            {
                float* at = k + (j * 4 * L.Count);
                Next(ref p0, ref q0, d, e, L.Load(at));
                Next(ref p1, ref q1, d, e, L.Load(at + L.Count));
                Next(ref p2, ref q2, d, e, L.Load(at + (2 * L.Count)));
                Next(ref p3, ref q3, d, e, L.Load(at + (3 * L.Count)));
            }
            V one = L.Set(1f);
            Next(ref p0, ref q0, d, e, one);
            Next(ref p1, ref q1, d, e, one);
            Next(ref p2, ref q2, d, e, one);
            Next(ref p3, ref q3, d, e, one);
            for (int s = 0; s < S.Value; s++)
            {
                (p0, p1, p2, p3) = (L.Mul(p0, p0), L.Mul(p1, p1), L.Mul(p2, p2), L.Mul(p3, p3));
                (q0, q1, q2, q3) = (L.Mul(q0, q0), L.Mul(q1, q1), L.Mul(q2, q2), L.Mul(q3, q3));
            }
            Advance(p0, p1, p2, p3, deltaU, b, c, ref h0, ref h1, ref h2, ref h3, y);
            Advance(q0, q1, q2, q3, deltaU + Channels, b + stride, c + stride, ref h0, ref h1, ref h2, ref h3,
                y + Channels);
            delta += 2 * Channels;
            deltaU += 2 * Channels;
            y += 2 * Channels;
            b += 2 * stride;
            c += 2 * stride;
        }
        L.Store(h0, h);
        L.Store(h1, h + Channels);
        L.Store(h2, h + (2 * Channels));
        L.Store(h3, h + (3 * Channels));
        if ((steps & 1) > 0)
            ForwardPass<UnitPower<S>>(1, a2, delta, deltaU, b, c, stride, h, y);
    }

    /// <summary>Horner's next step in two chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Next(ref V p, ref V q, V d, V e, V c)
    {
        p = L.Fma(p, d, c);
        q = L.Fma(q, e, c);
    }

    /// <summary>k_D to k_1, each [state][lane], at A2 / 2^S.</summary>
    static void Coefficients<D, S>(float* a2, float* k)
        where D : struct, ICount
        where S : struct, ICount
    {
        for (int n = 0; n < 4; n++, a2 += Channels, k += L.Count)
        {
            V a = L.Mul(L.Load(a2), L.Set(1f / (1 << S.Value))), square = L.Mul(a, a);
            float* to = k;
            if (D.Value == 5)
            {
                L.Store(L.Mul(L.Mul(L.Mul(square, square), a), L.Set(Degree5C5)), to);
                to += 4 * L.Count;
            }
            L.Store(L.Mul(L.Mul(square, square), L.Set(D.Value == 5 ? Degree5C4 : Degree4C4)), to);
            L.Store(L.Mul(L.Mul(square, a), L.Set(D.Value == 5 ? Degree5C3 : Degree4C3)), to + (4 * L.Count));
            L.Store(L.Mul(square, L.Set(D.Value == 5 ? Degree5C2 : Degree4C2)), to + (8 * L.Count));
            L.Store(L.Mul(a, L.Set(D.Value == 5 ? Degree5C1 : Degree4C1)), to + (12 * L.Count));
        }
    }
}
