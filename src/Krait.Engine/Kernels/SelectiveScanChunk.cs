using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// The inner loops of the selective scan: at most <see cref="Steps"/> steps of at most <see cref="Channels"/> channels.
/// Lanes are channels; states are taken a few per pass, so that they stay in registers over the whole chunk.
/// </summary>
/// <remarks>
/// Per-channel scratch lies as [step][channel] ("plane": one float* of <see cref="PlaneFloats"/>), states as
/// [state][channel], and B with C as [four states][step][B0 B1 B2 B3 C0 C1 C2 C3] ("couples"), zero beyond the last
/// state. A comes as A2 = A log2(e), so that exp(delta A) = 2^(delta A2). How the power is computed depends on how far delta A2
/// reaches in the chunk (<see cref="IPower"/>): right for any delta, NaN included.
/// </remarks>
public static unsafe partial class SelectiveScanChunk<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    public const int Steps = 64;
    public const int Channels = 16;
    public const int PlaneFloats = Steps * Channels;
    public const float Log2E = 1.44269504f;

    /// <summary>States are padded to a whole number of passes of four.</summary>
    public static int PaddedStates(int states) => (states + 3) & ~3;

    /// <summary>Floats of the B and C couples of a chunk.</summary>
    public static int CoupleFloats(int states) => PaddedStates(states) * 2 * Steps;

    /// <summary>Registers that hold so many channels of a block.</summary>
    public static int Vectors(int channels) => (channels + L.Count - 1) / L.Count;

    /// <summary>
    /// In place: delta = softplus(raw); sigmoid(raw), the slope of it, where <paramref name="slope"/> is given.
    /// </summary>
    public static void Softplus(int vectors, int steps, float* delta, float* slope)
    {
        for (int v = 0; v < vectors; v++)
        {
            if (slope == null)
                SoftplusColumn(steps, delta + (v * L.Count));
            else
                SoftplusColumn(steps, delta + (v * L.Count), slope + (v * L.Count));
        }
    }

    /// <summary>Two steps at a time, neither waits for the other; four where all are below -1/2, as most are.</summary>
    static void SoftplusColumn(int steps, float* delta)
    {
        float* end = delta + (steps * Channels);
        if (AllLow(delta, end))
            for (; delta < end - (3 * Channels); delta += 4 * Channels)
            {
                var (x, y, z, w) = VectorMath<L, V>.SoftplusLow(L.Load(delta), L.Load(delta + Channels),
                    L.Load(delta + (2 * Channels)), L.Load(delta + (3 * Channels)));
                L.Store(x, delta);
                L.Store(y, delta + Channels);
                L.Store(z, delta + (2 * Channels));
                L.Store(w, delta + (3 * Channels));
            }
        for (; delta < end - Channels; delta += 2 * Channels)
        {
            V raw0 = L.Load(delta), raw1 = L.Load(delta + Channels);
            V t0 = VectorMath<L, V>.ExpMinusAbs(raw0), t1 = VectorMath<L, V>.ExpMinusAbs(raw1);
            L.Store(L.Add(L.Max(L.Zero, raw0), VectorMath<L, V>.Log1pUnit(t0)), delta);
            L.Store(L.Add(L.Max(L.Zero, raw1), VectorMath<L, V>.Log1pUnit(t1)), delta + Channels);
        }
        if (delta < end)
        {
            V raw = L.Load(delta);
            V t = VectorMath<L, V>.ExpMinusAbs(raw);
            L.Store(L.Add(L.Max(L.Zero, raw), VectorMath<L, V>.Log1pUnit(t)), delta);
        }
    }

    /// <summary>Whether all raw steps of a register of channels lie between -20 and -1/2.</summary>
    static bool AllLow(float* raw, float* end)
    {
        V lowest = L.Zero, sound = L.EqualTo(lowest, lowest), bound = L.Set(-0.5f);
        for (; raw < end; raw += Channels)
        {
            V x = L.Load(raw);
            lowest = L.Min(lowest, x);
            sound = L.AndBits(sound, L.Greater(bound, x));
        }
        return L.MaxLane(L.Select(sound, L.Negate(lowest), L.Set(float.PositiveInfinity))) <= 20;
    }

    static void SoftplusColumn(int steps, float* delta, float* slope)
    {
        float* end = delta + (steps * Channels);
        for (; delta < end - Channels; delta += 2 * Channels, slope += 2 * Channels)
        {
            V raw0 = L.Load(delta), raw1 = L.Load(delta + Channels);
            V t0 = VectorMath<L, V>.ExpMinusAbs(raw0), t1 = VectorMath<L, V>.ExpMinusAbs(raw1);
            L.Store(SigmoidOf(raw0, t0), slope);
            L.Store(SigmoidOf(raw1, t1), slope + Channels);
            L.Store(L.Add(L.Max(L.Zero, raw0), VectorMath<L, V>.Log1pUnit(t0)), delta);
            L.Store(L.Add(L.Max(L.Zero, raw1), VectorMath<L, V>.Log1pUnit(t1)), delta + Channels);
        }
        if (delta < end)
        {
            V raw = L.Load(delta);
            V t = VectorMath<L, V>.ExpMinusAbs(raw);
            L.Store(SigmoidOf(raw, t), slope);
            L.Store(L.Add(L.Max(L.Zero, raw), VectorMath<L, V>.Log1pUnit(t)), delta);
        }
    }

    /// <summary>1 / (1 + e^-x) from t = e^-|x|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V SigmoidOf(V x, V t) =>
        L.Div(L.Select(L.Greater(L.Zero, x), t, L.Set(1f)), L.Add(L.Set(1f), t));

    /// <summary>
    /// h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t; y_t += C_t h_t; h is the state before and after.
    /// </summary>
    /// <param name="deltaU">delta * u.</param>
    public static void Forward(int vectors, int steps, int states, float* a2, float* delta, float* deltaU,
        float* couples, float* h, float* y) =>
        ForwardFrom(vectors, steps, states, a2, delta, deltaU, couples, couples + 4, 8, 2 * Steps, h, y);

    /// <summary>
    /// The same where step i finds B of states n to n + 3 from b[i stride + n apart] on, and C so at c. Rows that are
    /// read in place have apart = 1.
    /// </summary>
    public static void ForwardFrom(int vectors, int steps, int states, float* a2, float* delta, float* deltaU,
        float* b, float* c, long stride, long apart, float* h, float* y)
    {
        for (int lane = 0; lane < vectors * L.Count; lane += L.Count)
        {
            var range = new StepRange(steps, delta + lane);
            float reach = range.Reach(4, a2 + lane);
            for (int n = 0; n < states; n += 4)
            {
                int at = (n * Channels) + lane;
                float* quadB = b + (n * apart), quadC = c + (n * apart);
                var pass = Pass(reach);
                if (n + 4 < states)
                    reach = range.Reach(4, a2 + at + (4 * Channels));
                pass(steps, a2 + at, delta + lane, deltaU + lane, quadB, quadC, stride, h + at, y + lane);
            }
        }
    }

    /// <summary>The cheapest pass that is right where the powers' exponents reach so far.</summary>
    static delegate*<int, float*, float*, float*, float*, float*, long, float*, float*, void> Pass(float reach) =>
        reach switch
        {
            <= 0.5f => &PolynomialPass<Count4, Count0>,
            <= 1 => &PolynomialPass<Count5, Count0>,
            <= 2 => &PolynomialPass<Count5, Count1>,
            <= 4 => &PolynomialPass<Count5, Count2>,
            <= LargestBoundedExponent => &ForwardPass<BoundedPower>,
            _ => &ForwardUnbounded,
        };

    /// <summary>
    /// Four states. Their powers are computed side by side, in the order of the source: while one waits for its sum the
    /// others compute, and the processor need not look far ahead.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ForwardPass<P>(int steps, float* a2, float* delta, float* deltaU, float* b, float* c, long stride,
        float* h, float* y)
        where P : struct, IPower
    {
        V h0 = L.Load(h), h1 = L.Load(h + Channels);
        V h2 = L.Load(h + (2 * Channels)), h3 = L.Load(h + (3 * Channels));
        for (int i = 0; i < steps; i++)
        {
            V d = P.Scale(L.Load(delta));
            V x0 = L.Mul(d, L.Load(a2)), x1 = L.Mul(d, L.Load(a2 + Channels));
            V x2 = L.Mul(d, L.Load(a2 + (2 * Channels))), x3 = L.Mul(d, L.Load(a2 + (3 * Channels)));
            (x0, x1, x2, x3) = P.Exp2(x0, x1, x2, x3);
            Advance(x0, x1, x2, x3, deltaU, b, c, ref h0, ref h1, ref h2, ref h3, y);
            delta += Channels;
            deltaU += Channels;
            y += Channels;
            b += stride;
            c += stride;
        }
        L.Store(h0, h);
        L.Store(h1, h + Channels);
        L.Store(h2, h + (2 * Channels));
        L.Store(h3, h + (3 * Channels));
    }

    /// <summary>One step of four states: h = decay h + delta u B; y += C h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Advance(V x0, V x1, V x2, V x3, float* deltaU, float* b, float* c, ref V h0, ref V h1, ref V h2,
        ref V h3, float* y)
    {
        V du = L.Load(deltaU);
        h0 = L.Fma(x0, h0, L.Mul(du, L.Set(b[0])));
        h1 = L.Fma(x1, h1, L.Mul(du, L.Set(b[1])));
        h2 = L.Fma(x2, h2, L.Mul(du, L.Set(b[2])));
        h3 = L.Fma(x3, h3, L.Mul(du, L.Set(b[3])));
        V sum = L.Fma(h0, L.Set(c[0]), L.Load(y));
        sum = L.Fma(h1, L.Set(c[1]), sum);
        V half = L.Fma(h3, L.Set(c[3]), L.Mul(h2, L.Set(c[2])));
        L.Store(L.Add(sum, half), y);
    }

    /// <summary>As <see cref="ForwardPass{P}"/> for any exponent, one state after another.</summary>
    static void ForwardUnbounded(int steps, float* a2, float* delta, float* deltaU, float* b, float* c, long stride,
        float* h, float* y)
    {
        for (int n = 0; n < 4; n++)
        {
            V rate = L.Load(a2 + (n * Channels)), state = L.Load(h + (n * Channels));
            for (int i = 0; i < steps; i++)
            {
                int at = i * Channels;
                V decay = VectorMath<L, V>.Exp2(L.Mul(L.Load(delta + at), rate));
                state = L.Fma(decay, state, L.Mul(L.Load(deltaU + at), L.Set(b[(i * stride) + n])));
                L.Store(L.Fma(state, L.Set(c[(i * stride) + n]), L.Load(y + at)), y + at);
            }
            L.Store(state, h + (n * Channels));
        }
    }
}
