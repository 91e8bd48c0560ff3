using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// The inner loops of the selective scan: at most <see cref="Steps"/> steps of at most <see cref="Channels"/> channels.
/// Lanes are channels; states are taken a few per pass, so that they stay in registers over the whole chunk.
/// </summary>
/// <remarks>
/// Per-channel scratch lies as [vector][step][lane] ("plane": one float* of <see cref="PlaneFloats"/>), states as
/// [state][channel], and B with C as [pair of states][step][B0 B1 C0 C1] ("couples"), zero beyond the last state.
/// A comes as A2 = A log2(e), so that exp(delta A) = 2^(delta A2). Where |delta A2| stays within 126 in the whole chunk,
/// the bounded exp2 is exact; else the chunk runs with the unbounded one: right for any delta, NaN included.
/// </remarks>
public static unsafe class SelectiveScanChunk<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    public const int Steps = 64;
    public const int Channels = 16;
    public const int PlaneFloats = Steps * Channels;
    public const float Log2E = 1.44269504f;
    const float Ln2 = 0.693147181f;
    const float LargestBoundedExponent = 126f;

    /// <summary>Floats of the scratch that <see cref="Backward"/> needs for one pass.</summary>
    public static int PassFloats => (Steps * 4 * L.Count) + (2 * Channels);

    /// <summary>States are padded to a whole number of passes of four.</summary>
    public static int PaddedStates(int states) => (states + 3) & ~3;

    /// <summary>Floats of the B and C couples of a chunk.</summary>
    public static int CoupleFloats(int states) => PaddedStates(states) * 2 * Steps;

    /// <summary>Registers that hold so many channels of a block.</summary>
    public static int Vectors(int channels) => (channels + L.Count - 1) / L.Count;

    static readonly float* Exp2Constants = FillExp2Constants();

    static float* FillExp2Constants()
    {
        var p = (float*)NativeMemory.AlignedAlloc(VectorMath<L, V>.Exp2ConstantFloats * sizeof(float), 64);
        VectorMath<L, V>.Exp2Constants(p);
        return p;
    }

    /// <summary>2^x, in the two variants a chunk may need; k are the constants of the bounded one.</summary>
    interface IPower
    {
        static abstract V Exp2(V x, V shift, V k5, V k4, V k3, V k2, V k1, V one);
    }

    readonly struct BoundedPower : IPower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Exp2(V x, V shift, V k5, V k4, V k3, V k2, V k1, V one) =>
            VectorMath<L, V>.Exp2Bounded(x, shift, k5, k4, k3, k2, k1, one);
    }

    readonly struct AnyPower : IPower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Exp2(V x, V shift, V k5, V k4, V k3, V k2, V k1, V one) => VectorMath<L, V>.Exp2(x);
    }

    /// <summary>In place: delta = softplus(raw); sigmoid(raw), the slope of it, where <paramref name="slope"/> is given.</summary>
    public static void Softplus(int vectors, int steps, float* delta, float* slope)
    {
        for (int v = 0; v < vectors; v++)
        {
            int at = v * Steps * L.Count;
            for (int i = 0; i < steps; i++, at += L.Count)
            {
                V raw = L.Load(delta + at);
                V t = VectorMath<L, V>.ExpMinusAbs(raw);
                L.Store(L.Add(L.Max(L.Zero, raw), VectorMath<L, V>.Log1pUnit(t)), delta + at);
                if (slope == null)
                    continue;
                V over = L.Select(L.Greater(L.Zero, raw), t, L.Set(1f));
                L.Store(L.Div(over, L.Add(L.Set(1f), t)), slope + at);
            }
        }
    }

    /// <summary>h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t; y_t += C_t h_t; h is the state before and after.</summary>
    /// <param name="deltaU">delta * u.</param>
    public static void Forward(int vectors, int steps, int states, float* a2, float* delta, float* deltaU,
        float* couples, float* h, float* y)
    {
        for (int v = 0; v < vectors; v++)
        {
            int plane = v * Steps * L.Count;
            int lane = v * L.Count;
            bool bounded = IsBounded(states, steps, a2 + lane, delta + plane);
            for (int n = 0; n < states; n += 4)
            {
                int at = (n * Channels) + lane;
                float* pair = couples + (n * 2 * Steps);
                if (bounded)
                    ForwardPass<BoundedPower>(steps, a2 + at, delta + plane, deltaU + plane, pair, h + at, y + plane);
                else
                    ForwardPass<AnyPower>(steps, a2 + at, delta + plane, deltaU + plane, pair, h + at, y + plane);
            }
        }
    }

    /// <summary>
    /// Gradients of <see cref="Forward"/>. Recomputes the states from <paramref name="start"/>, then walks back.
    /// </summary>
    /// <param name="start">State before the chunk.</param>
    /// <param name="dh">In: gradient of the state after the chunk; out: of the state before it.</param>
    /// <param name="da">Adds delta * gradient of delta A: the gradient of A.</param>
    /// <param name="dCouples">Adds the gradients of B and C, summed over the channels.</param>
    /// <param name="dDeltaU">Writes the gradient of delta * u.</param>
    /// <param name="dDelta">Writes the gradient of delta through A alone.</param>
    public static void Backward(int vectors, int steps, int states, float* a2, float* delta, float* deltaU,
        float* couples, float* start, float* dy, float* pass, float* dh, float* da, float* dCouples, float* dDeltaU,
        float* dDelta)
    {
        for (int v = 0; v < vectors; v++)
        {
            int plane = v * Steps * L.Count;
            int lane = v * L.Count;
            bool bounded = IsBounded(states, steps, a2 + lane, delta + plane);
            new Span<float>(dDeltaU + plane, steps * L.Count).Clear();
            new Span<float>(dDelta + plane, steps * L.Count).Clear();
            for (int n = 0; n < states; n += 2)
            {
                int at = (n * Channels) + lane;
                float* pair = couples + (n * 2 * Steps);
                if (bounded)
                    Recompute<BoundedPower>(steps, a2 + at, delta + plane, deltaU + plane, pair, start + at, pass);
                else
                    Recompute<AnyPower>(steps, a2 + at, delta + plane, deltaU + plane, pair, start + at, pass);
                BackwardPass(steps, a2 + at, delta + plane, deltaU + plane, pair, pass, dy + plane, dh + at, da + at,
                    dCouples + (n * 2 * Steps), dDeltaU + plane, dDelta + plane);
            }
            for (int i = 0; i < steps; i++)
            {
                float* p = dDelta + plane + (i * L.Count);
                L.Store(L.Mul(L.Load(p), L.Set(Ln2)), p);
            }
        }
    }

    /// <summary>Whether every |delta A2| of this register is at most 126; false when one is NaN.</summary>
    static bool IsBounded(int states, int steps, float* a2, float* delta)
    {
        V largest = L.Zero;
        for (int n = 0; n < states; n++)
            largest = L.Max(L.Abs(L.Load(a2 + (n * Channels))), largest);
        V beyond = L.Zero;
        V limit = L.Set(LargestBoundedExponent);
        for (int i = 0; i < steps; i++)
        {
            V within = L.Greater(limit, L.Mul(L.Abs(L.Load(delta + (i * L.Count))), largest));
            beyond = L.OrBits(beyond, L.Select(within, L.Zero, L.Set(1f)));
        }
        return L.MaxLane(beyond) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ForwardPass<TPower>(int steps, float* a2, float* delta, float* deltaU, float* pair, float* h, float* y)
        where TPower : struct, IPower
    {
        float* k = Exp2Constants;
        V shift = L.Load(k), k5 = L.Load(k + 16), k4 = L.Load(k + 32), k3 = L.Load(k + 48);
        V k2 = L.Load(k + 64), k1 = L.Load(k + 80), one = L.Load(k + 96);
        V rate0 = L.Load(a2), rate1 = L.Load(a2 + Channels);
        V rate2 = L.Load(a2 + (2 * Channels)), rate3 = L.Load(a2 + (3 * Channels));
        V h0 = L.Load(h), h1 = L.Load(h + Channels);
        V h2 = L.Load(h + (2 * Channels)), h3 = L.Load(h + (3 * Channels));
        float* next = pair + (4 * Steps);
        for (int i = 0; i < steps; i++)
        {
            V d = L.Load(delta);
            V du = L.Load(deltaU);
            V sum = L.Load(y);
            V decay0 = TPower.Exp2(L.Mul(d, rate0), shift, k5, k4, k3, k2, k1, one);
            h0 = L.Fma(decay0, h0, L.Mul(du, L.Set(pair[0])));
            sum = L.Fma(h0, L.Set(pair[2]), sum);
            V decay1 = TPower.Exp2(L.Mul(d, rate1), shift, k5, k4, k3, k2, k1, one);
            h1 = L.Fma(decay1, h1, L.Mul(du, L.Set(pair[1])));
            sum = L.Fma(h1, L.Set(pair[3]), sum);
            V decay2 = TPower.Exp2(L.Mul(d, rate2), shift, k5, k4, k3, k2, k1, one);
            h2 = L.Fma(decay2, h2, L.Mul(du, L.Set(next[0])));
            sum = L.Fma(h2, L.Set(next[2]), sum);
            V decay3 = TPower.Exp2(L.Mul(d, rate3), shift, k5, k4, k3, k2, k1, one);
            h3 = L.Fma(decay3, h3, L.Mul(du, L.Set(next[1])));
            sum = L.Fma(h3, L.Set(next[3]), sum);
            L.Store(sum, y);
            delta += L.Count;
            deltaU += L.Count;
            y += L.Count;
            pair += 4;
            next += 4;
        }
        L.Store(h0, h);
        L.Store(h1, h + Channels);
        L.Store(h2, h + (2 * Channels));
        L.Store(h3, h + (3 * Channels));
    }

    /// <summary>Fills the pass scratch: [step][h0 h1] from the state before the chunk on, then [step][decay0 decay1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Recompute<TPower>(int steps, float* a2, float* delta, float* deltaU, float* pair, float* start,
        float* pass) where TPower : struct, IPower
    {
        float* k = Exp2Constants;
        V shift = L.Load(k), k5 = L.Load(k + 16), k4 = L.Load(k + 32), k3 = L.Load(k + 48);
        V k2 = L.Load(k + 64), k1 = L.Load(k + 80), one = L.Load(k + 96);
        V rate0 = L.Load(a2), rate1 = L.Load(a2 + Channels);
        V h0 = L.Load(start), h1 = L.Load(start + Channels);
        float* decay = pass + ((Steps + 1) * 2 * L.Count);
        for (int i = 0; i < steps; i++)
        {
            L.Store(h0, pass);
            L.Store(h1, pass + L.Count);
            V d = L.Load(delta);
            V du = L.Load(deltaU);
            V decay0 = TPower.Exp2(L.Mul(d, rate0), shift, k5, k4, k3, k2, k1, one);
            V decay1 = TPower.Exp2(L.Mul(d, rate1), shift, k5, k4, k3, k2, k1, one);
            L.Store(decay0, decay);
            L.Store(decay1, decay + L.Count);
            h0 = L.Fma(decay0, h0, L.Mul(du, L.Set(pair[0])));
            h1 = L.Fma(decay1, h1, L.Mul(du, L.Set(pair[1])));
            delta += L.Count;
            deltaU += L.Count;
            pass += 2 * L.Count;
            decay += 2 * L.Count;
            pair += 4;
        }
        L.Store(h0, pass);
        L.Store(h1, pass + L.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void BackwardPass(int steps, float* a2, float* delta, float* deltaU, float* pair, float* pass, float* dy,
        float* dh, float* da, float* dPair, float* dDeltaU, float* dDelta)
    {
        V rate0 = L.Load(a2), rate1 = L.Load(a2 + Channels);
        V g0 = L.Load(dh), g1 = L.Load(dh + Channels);
        V da0 = L.Load(da), da1 = L.Load(da + Channels);
        float* state = pass + (steps * 2 * L.Count);
        float* decay = pass + ((Steps + steps) * 2 * L.Count);
        V h0 = L.Load(state), h1 = L.Load(state + L.Count);
        for (int i = steps - 1; i >= 0; i--)
        {
            int at = i * L.Count;
            state -= 2 * L.Count;
            V y = L.Load(dy + at);
            V du = L.Load(deltaU + at);
            float* f = pair + (4 * i);
            g0 = L.Fma(y, L.Set(f[2]), g0);
            g1 = L.Fma(y, L.Set(f[3]), g1);
            Vector128<float> sums = L.SumEach(L.Mul(g0, du), L.Mul(g1, du), L.Mul(y, h0), L.Mul(y, h1));
            (Vector128.Load(dPair + (4 * i)) + sums).Store(dPair + (4 * i));
            V viaU = L.Fma(g1, L.Set(f[1]), L.Fma(g0, L.Set(f[0]), L.Load(dDeltaU + at)));
            L.Store(viaU, dDeltaU + at);
            h0 = L.Load(state);
            h1 = L.Load(state + L.Count);
            g0 = L.Mul(g0, L.Load(decay));
            g1 = L.Mul(g1, L.Load(decay + L.Count));
            decay -= 2 * L.Count;
            V x0 = L.Mul(g0, h0), x1 = L.Mul(g1, h1);
            L.Store(L.Fma(x1, rate1, L.Fma(x0, rate0, L.Load(dDelta + at))), dDelta + at);
            V d = L.Load(delta + at);
            da0 = L.Fma(x0, d, da0);
            da1 = L.Fma(x1, d, da1);
        }
        L.Store(g0, dh);
        L.Store(g1, dh + Channels);
        L.Store(da0, da);
        L.Store(da1, da + Channels);
    }
}
