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
    public static int PassFloats => (Steps * 4 * L.Count) + (2 * Channels);

    /// <summary>
    /// Gradients of <see cref="Forward"/>. Recomputes the states from <paramref name="start"/>, then walks back.
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
        for (int v = 0; v < vectors; v++)
        {
            int lane = v * L.Count;
            bool bounded = IsBounded(states, steps, a2 + lane, delta + lane);
            for (int n = 0; n < states; n += 2)
            {
                int at = (n * Channels) + lane;
                float* pair = couples + (n / 4 * 8 * Steps) + (n & 2);
                if (bounded)
                    Recompute(steps, a2 + at, delta + lane, deltaU + lane, pair, start + at, pass);
                else
                    RecomputeUnbounded(steps, a2 + at, delta + lane, deltaU + lane, pair, start + at, pass);
                if (y != null)
                    AddOutputs(steps, pair, pass, y + lane);
                BackwardPass(steps, a2 + at, delta + lane, deltaU + lane, pair, pass, dy + lane, dh + at, da + at,
                    dCouples + (n * 2 * Steps), dDeltaU + lane, dDelta + lane);
            }
            for (int i = 0; i < steps; i++)
            {
                float* p = dDelta + lane + (i * Channels);
                L.Store(L.Mul(L.Load(p), L.Set(Ln2)), p);
            }
        }
    }

    /// <summary>Fills the pass scratch: [step][h0 h1] from the state before the chunk on, then [step][decay0 decay1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Recompute(int steps, float* a2, float* delta, float* deltaU, float* pair, float* start, float* pass)
    {
        V rate0 = L.Load(a2), rate1 = L.Load(a2 + Channels);
        V h0 = L.Load(start), h1 = L.Load(start + Channels);
        float* decay = pass + ((Steps + 1) * 2 * L.Count);
        for (int i = 0; i < steps; i++)
        {
            L.Store(h0, pass);
            L.Store(h1, pass + L.Count);
            V d = L.Load(delta);
            (V decay0, V decay1) = VectorMath<L, V>.Exp2Bounded(L.Mul(d, rate0), L.Mul(d, rate1));
            L.Store(decay0, decay);
            L.Store(decay1, decay + L.Count);
            V du = L.Load(deltaU);
            h0 = L.Fma(decay0, h0, L.Mul(du, L.Set(pair[0])));
            h1 = L.Fma(decay1, h1, L.Mul(du, L.Set(pair[1])));
            delta += Channels;
            deltaU += Channels;
            pass += 2 * L.Count;
            decay += 2 * L.Count;
            pair += 8;
        }
        L.Store(h0, pass);
        L.Store(h1, pass + L.Count);
    }

    /// <summary>The same for any exponent.</summary>
    static void RecomputeUnbounded(int steps, float* a2, float* delta, float* deltaU, float* pair, float* start,
        float* pass)
    {
        float* decays = pass + ((Steps + 1) * 2 * L.Count);
        for (int n = 0; n < 2; n++, pass += L.Count, decays += L.Count)
        {
            V rate = L.Load(a2 + (n * Channels)), h = L.Load(start + (n * Channels));
            for (int i = 0; i < steps; i++)
            {
                L.Store(h, pass + (i * 2 * L.Count));
                V decay = VectorMath<L, V>.Exp2(L.Mul(L.Load(delta + (i * Channels)), rate));
                L.Store(decay, decays + (i * 2 * L.Count));
                h = L.Fma(decay, h, L.Mul(L.Load(deltaU + (i * Channels)), L.Set(pair[(8 * i) + n])));
            }
            L.Store(h, pass + (steps * 2 * L.Count));
        }
    }

    /// <summary>y_t += C_t h_t of two states, which lie in the pass scratch behind those before the chunk.</summary>
    static void AddOutputs(int steps, float* pair, float* pass, float* y)
    {
        for (int i = 0; i < steps; i++, y += Channels, pair += 8)
        {
            pass += 2 * L.Count;
            V sum = L.Fma(L.Load(pass), L.Set(pair[4]), L.Load(y));
            L.Store(L.Fma(L.Load(pass + L.Count), L.Set(pair[5]), sum), y);
        }
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
            int at = i * Channels;
            state -= 2 * L.Count;
            V y = L.Load(dy + at);
            V du = L.Load(deltaU + at);
            float* f = pair + (8 * i), df = dPair + (4 * i);
            g0 = L.Fma(y, L.Set(f[4]), g0);
            g1 = L.Fma(y, L.Set(f[5]), g1);
            Vector128<float> sums = L.SumEach(L.Mul(g0, du), L.Mul(g1, du), L.Mul(y, h0), L.Mul(y, h1));
            (Vector128.Load(df) + sums).Store(df);
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
