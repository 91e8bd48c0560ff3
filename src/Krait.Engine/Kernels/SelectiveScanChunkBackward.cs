using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class SelectiveScanChunk<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const float Ln2 = 0.693147181f;

    /// <summary>Floats of the scratch that <see cref="Backward"/> needs for one pass.</summary>
    public static int PassFloats => ((2 * Steps) + 1) * 4 * L.Count;

    /// <summary>
    /// Gradients of <see cref="Forward"/>. Recomputes the states from <paramref name="start"/>, then walks back: two
    /// states a pass, of two registers of channels where there are as many, so that a sum over lanes serves both.
    /// </summary>
    /// <param name="start">State before the chunk.</param>
    /// <param name="dh">In: gradient of the state after the chunk; out: of the state before it.</param>
    /// <param name="da">Adds delta * gradient of delta A: the gradient of A.</param>
    /// <param name="dCouples">Adds the gradients of B and C, summed over the channels, as
    /// [two states][step][dB0 dB1 dC0 dC1].</param>
    /// <param name="dDeltaU">Writes the gradient of delta * u.</param>
    /// <param name="dDelta">Writes the gradient of delta through A alone.</param>
    /// <param name="y">Adds C_t h_t, as <see cref="Forward"/> does; null where nobody needs it.</param>
    public static void Backward(int vectors, int steps, int states, float* a2, float* delta, float* deltaU,
        float* couples, float* start, float* dy, float* pass, float* dh, float* da, float* dCouples, float* dDeltaU,
        float* dDelta, float* y = null)
    {
        new Span<float>(dDeltaU, steps * Channels).Clear();
        new Span<float>(dDelta, steps * Channels).Clear();
        for (int v = 0; v < vectors; v += 2)
        {
            int lane = v * L.Count;
            float* yv = y == null ? null : y + lane;
            if (v + 1 < vectors)
                BackwardColumns<Count2>(steps, states, a2 + lane, delta + lane, deltaU + lane, couples, start + lane,
                    dy + lane, pass, dh + lane, da + lane, dCouples, dDeltaU + lane, dDelta + lane, yv);
            else
                BackwardColumns<Count1>(steps, states, a2 + lane, delta + lane, deltaU + lane, couples, start + lane,
                    dy + lane, pass, dh + lane, da + lane, dCouples, dDeltaU + lane, dDelta + lane, yv);
        }
        for (float* p = dDelta; p < dDelta + (steps * Channels); p += L.Count)
            L.Store(L.Mul(L.Load(p), L.Set(Ln2)), p);
    }

    /// <summary>All states of W registers of channels.</summary>
    static void BackwardColumns<W>(int steps, int states, float* a2, float* delta, float* deltaU, float* couples,
        float* start, float* dy, float* pass, float* dh, float* da, float* dCouples, float* dDeltaU, float* dDelta,
        float* y)
        where W : struct, ICount
    {
        var range = new StepRange(steps, delta);
        StepRange second = W.Value > 1 ? new StepRange(steps, delta + L.Count) : range;
        for (int n = 0; n < states; n += 2)
        {
            int at = n * Channels;
            float* pair = couples + (n / 4 * 8 * Steps) + (n & 2);
            float reach = range.Reach(2, a2 + at);
            if (W.Value > 1)
                reach = Math.Max(reach, second.Reach(2, a2 + at + L.Count));
            RecomputeBy<W>(reach)(steps, a2 + at, delta, deltaU, pair, start + at, pass, y);
            BackwardPass<W>(steps, a2 + at, delta, deltaU, pair, pass, dy, dh + at, da + at,
                dCouples + (n * 2 * Steps), dDeltaU, dDelta);
        }
    }

    /// <summary>The cheapest way to the decays that is right where the exponents reach so far.</summary>
    static delegate*<int, float*, float*, float*, float*, float*, float*, float*, void> RecomputeBy<W>(float reach)
        where W : struct, ICount => reach switch
        {
            <= 1 => &Recompute<W, UnitPower<Count0>>,
            <= 2 => &Recompute<W, UnitPower<Count1>>,
            <= 4 => &Recompute<W, UnitPower<Count2>>,
            <= LargestBoundedExponent => &Recompute<W, BoundedPower>,
            _ => &RecomputeUnbounded<W>,
        };

    /// <summary>
    /// Fills the pass scratch: [step][register][h0 h1] from the state before the chunk on, then the decays likewise.
    /// Adds C_t h_t to y if that is not null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Recompute<W, P>(int steps, float* a2, float* delta, float* deltaU, float* pair, float* start,
        float* pass, float* y)
        where W : struct, ICount
        where P : struct, IPower
    {
        V z0 = L.Zero, z1 = L.Zero;
        if (W.Value > 1)
            (z0, z1) = (L.Load(start + L.Count), L.Load(start + Channels + L.Count));
        StoreStates<W>(L.Load(start), L.Load(start + Channels), z0, z1, pass);
        float* decay = pass + ((Steps + 1) * 2 * W.Value * L.Count);
        for (int i = 0; i < steps; i++)
        {
            V d = P.Scale(L.Load(delta));
            V x0 = L.Mul(d, L.Load(a2)), x1 = L.Mul(d, L.Load(a2 + Channels));
            if (W.Value > 1)
            {
                d = P.Scale(L.Load(delta + L.Count));
                z0 = L.Mul(d, L.Load(a2 + L.Count));
                z1 = L.Mul(d, L.Load(a2 + Channels + L.Count));
                (x0, x1, z0, z1) = P.Exp2(x0, x1, z0, z1);
            }
            else
            {
                (x0, x1, _, _) = P.Exp2(x0, x1, x0, x1);
            }
            StoreStates<W>(x0, x1, z0, z1, decay);
            V b0 = L.Set(pair[0]), b1 = L.Set(pair[1]), du = L.Load(deltaU);
            x0 = L.Fma(x0, L.Load(pass), L.Mul(du, b0));
            x1 = L.Fma(x1, L.Load(pass + L.Count), L.Mul(du, b1));
            if (W.Value > 1)
            {
                du = L.Load(deltaU + L.Count);
                z0 = L.Fma(z0, L.Load(pass + (2 * L.Count)), L.Mul(du, b0));
                z1 = L.Fma(z1, L.Load(pass + (3 * L.Count)), L.Mul(du, b1));
            }
            pass += 2 * W.Value * L.Count;
            StoreStates<W>(x0, x1, z0, z1, pass);
            if (y != null)
            {
                AddOutputs<W>(x0, x1, z0, z1, pair, y);
                y += Channels;
            }
            delta += Channels;
            deltaU += Channels;
            decay += 2 * W.Value * L.Count;
            pair += 8;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreStates<W>(V x0, V x1, V y0, V y1, float* to) where W : struct, ICount
    {
        L.Store(x0, to);
        L.Store(x1, to + L.Count);
        if (W.Value == 1)
            return;
        L.Store(y0, to + (2 * L.Count));
        L.Store(y1, to + (3 * L.Count));
    }

    /// <summary>The same for any exponent.</summary>
    static void RecomputeUnbounded<W>(int steps, float* a2, float* delta, float* deltaU, float* pair, float* start,
        float* pass, float* y)
        where W : struct, ICount
    {
        int stride = 2 * W.Value * L.Count;
        float* states = pass + stride;
        float* decays = pass + ((Steps + 1) * stride);
        for (int chain = 0; chain < 2 * W.Value; chain++, pass += L.Count, decays += L.Count)
        {
            int n = chain & 1, lane = chain / 2 * L.Count;
            V rate = L.Load(a2 + (n * Channels) + lane), h = L.Load(start + (n * Channels) + lane);
            for (int i = 0; i < steps; i++)
            {
                int at = (i * Channels) + lane;
                L.Store(h, pass + (i * stride));
                V decay = VectorMath<L, V>.Exp2(L.Mul(L.Load(delta + at), rate));
                L.Store(decay, decays + (i * stride));
                h = L.Fma(decay, h, L.Mul(L.Load(deltaU + at), L.Set(pair[(8 * i) + n])));
            }
            L.Store(h, pass + (steps * stride));
        }
        for (int i = 0; i < steps && y != null; i++, y += Channels, pair += 8, states += stride)
        {
            V z0 = W.Value > 1 ? L.Load(states + (2 * L.Count)) : L.Zero;
            V z1 = W.Value > 1 ? L.Load(states + (3 * L.Count)) : L.Zero;
            AddOutputs<W>(L.Load(states), L.Load(states + L.Count), z0, z1, pair, y);
        }
    }

    /// <summary>y += C h of two states of each register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddOutputs<W>(V x0, V x1, V z0, V z1, float* pair, float* y) where W : struct, ICount
    {
        V c0 = L.Set(pair[4]), c1 = L.Set(pair[5]);
        L.Store(L.Fma(x1, c1, L.Fma(x0, c0, L.Load(y))), y);
        if (W.Value > 1)
            L.Store(L.Fma(z1, c1, L.Fma(z0, c0, L.Load(y + L.Count))), y + L.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void BackwardPass<W>(int steps, float* a2, float* delta, float* deltaU, float* pair, float* pass, float* dy,
        float* dh, float* da, float* dPair, float* dDeltaU, float* dDelta)
        where W : struct, ICount
    {
        V g0 = L.Load(dh), g1 = L.Load(dh + Channels), da0 = L.Load(da), da1 = L.Load(da + Channels);
        V f0 = g0, f1 = g1, db0 = da0, db1 = da1;
        if (W.Value > 1)
        {
            f0 = L.Load(dh + L.Count);
            f1 = L.Load(dh + Channels + L.Count);
            db0 = L.Load(da + L.Count);
            db1 = L.Load(da + Channels + L.Count);
        }
        int stride = 2 * W.Value * L.Count;
        float* state = pass + ((steps - 1) * stride), decay = pass + ((Steps + steps) * stride);
        pair += 8 * (steps - 1);
        dPair += 4 * (steps - 1);
        for (nint at = (steps - 1) * Channels; at >= 0; at -= Channels)
        {
            V c0 = L.Set(pair[4]), c1 = L.Set(pair[5]), y = L.Load(dy + at);
            g0 = L.Fma(y, c0, g0);
            g1 = L.Fma(y, c1, g1);
            V sumC0 = L.Mul(y, L.Load(state + stride)), sumC1 = L.Mul(y, L.Load(state + stride + L.Count));
            V du = L.Load(deltaU + at);
            V sumB0 = L.Mul(g0, du), sumB1 = L.Mul(g1, du);
            if (W.Value > 1)
            {
                y = L.Load(dy + at + L.Count);
                f0 = L.Fma(y, c0, f0);
                f1 = L.Fma(y, c1, f1);
                sumC0 = L.Fma(y, L.Load(state + stride + (2 * L.Count)), sumC0);
                sumC1 = L.Fma(y, L.Load(state + stride + (3 * L.Count)), sumC1);
                du = L.Load(deltaU + at + L.Count);
                sumB0 = L.Fma(f0, du, sumB0);
                sumB1 = L.Fma(f1, du, sumB1);
            }
            (Vector128.Load(dPair) + L.SumEach(sumB0, sumB1, sumC0, sumC1)).Store(dPair);
            StepBack(ref g0, ref g1, ref da0, ref da1, a2, delta + at, pair, state, decay, dDeltaU + at, dDelta + at);
            if (W.Value > 1)
                StepBack(ref f0, ref f1, ref db0, ref db1, a2 + L.Count, delta + at + L.Count, pair,
                    state + (2 * L.Count), decay + (2 * L.Count), dDeltaU + at + L.Count, dDelta + at + L.Count);
            pair -= 8;
            dPair -= 4;
            state -= stride;
            decay -= stride;
        }
        L.Store(g0, dh);
        L.Store(g1, dh + Channels);
        L.Store(da0, da);
        L.Store(da1, da + Channels);
        if (W.Value == 1)
            return;
        L.Store(f0, dh + L.Count);
        L.Store(f1, dh + Channels + L.Count);
        L.Store(db0, da + L.Count);
        L.Store(db1, da + Channels + L.Count);
    }

    /// <summary>
    /// From the gradients g of two states after a step to those before it; adds what reaches deltaU, delta A and A.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StepBack(ref V g0, ref V g1, ref V da0, ref V da1, float* a2, float* delta, float* pair,
        float* state, float* decay, float* dDeltaU, float* dDelta)
    {
        L.Store(L.Fma(g1, L.Set(pair[1]), L.Fma(g0, L.Set(pair[0]), L.Load(dDeltaU))), dDeltaU);
        g0 = L.Mul(g0, L.Load(decay));
        g1 = L.Mul(g1, L.Load(decay + L.Count));
        V x0 = L.Mul(g0, L.Load(state)), x1 = L.Mul(g1, L.Load(state + L.Count)), d = L.Load(delta);
        L.Store(L.Fma(x1, L.Load(a2 + Channels), L.Fma(x0, L.Load(a2), L.Load(dDelta))), dDelta);
        da0 = L.Fma(x0, d, da0);
        da1 = L.Fma(x1, d, da1);
    }
}
