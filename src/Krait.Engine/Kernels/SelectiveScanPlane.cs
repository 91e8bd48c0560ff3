using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// What surrounds the inner loops of a selective scan in one chunk: rows of 16 channels to planes and back, B and C to
/// couples and back, the step size's projection. Layouts as in <see cref="SelectiveScanChunk{L, V}"/>.
/// </summary>
public static unsafe class SelectiveScanPlane<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Steps = SelectiveScanChunk<L, V>.Steps;
    const int Channels = SelectiveScanChunk<L, V>.Channels;

    /// <summary>
    /// Asks for so many floats of each row before they are needed: walks down a column miss every cache otherwise.
    /// </summary>
    public static void Prefetch(float* x, long stride, int* positions, int steps, int floats)
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < steps; i++)
        {
            float* row = x + (positions[i] * stride);
            for (int f = 0; f < floats; f += 16)
                Sse.Prefetch1(row + f);
            Sse.Prefetch1(row + floats - 1);
        }
    }

    /// <summary>plane = rows of x at the positions; channels beyond the block's are 0.</summary>
    public static void Gather(float* x, long stride, int* positions, int steps, int channels, float* plane)
    {
        int whole = channels / L.Count, rest = channels - (whole * L.Count);
        for (int i = 0; i < steps; i++)
        {
            float* row = x + (positions[i] * stride);
            float* to = plane + (i * L.Count);
            for (int v = 0; v < whole; v++, row += L.Count, to += Steps * L.Count)
                L.Store(L.Load(row), to);
            if (rest > 0)
                L.Store(L.LoadFirst(row, rest), to);
        }
    }

    /// <summary>Rows of y at the positions = plane, or += plane.</summary>
    public static void Scatter(float* plane, int* positions, int steps, int channels, bool add, long stride, float* y)
    {
        int whole = channels / L.Count, rest = channels - (whole * L.Count);
        for (int i = 0; i < steps; i++)
        {
            float* row = y + (positions[i] * stride);
            float* from = plane + (i * L.Count);
            for (int v = 0; v < whole; v++, row += L.Count, from += Steps * L.Count)
                L.Store(add ? L.Add(L.Load(row), L.Load(from)) : L.Load(from), row);
            if (rest > 0)
                L.StoreFirst(add ? L.Add(L.LoadFirst(row, rest), L.Load(from)) : L.Load(from), row, rest);
        }
    }

    /// <summary>couples = B and C, of which a step's rows of <paramref name="states"/> numbers start at b and c.</summary>
    public static void GatherCouples(float* b, long bStride, float* c, long cStride, int* positions, int steps,
        int states, float* couples)
    {
        int padded = SelectiveScanChunk<L, V>.PaddedStates(states);
        for (int i = 0; i < steps; i++)
        {
            float* fromB = b + (positions[i] * bStride);
            float* fromC = c + (positions[i] * cStride);
            float* to = couples + (4 * i);
            int n = 0;
            for (; n <= states - 4; n += 4, to += 8 * Steps)
            {
                Vector128<float> b4 = Vector128.Load(fromB + n), c4 = Vector128.Load(fromC + n);
                Vector128.Create(b4.GetLower(), c4.GetLower()).Store(to);
                Vector128.Create(b4.GetUpper(), c4.GetUpper()).Store(to + (4 * Steps));
            }
            for (; n <= states - 2; n += 2, to += 4 * Steps)
            {
                *(double*)to = *(double*)(fromB + n);
                *(double*)(to + 2) = *(double*)(fromC + n);
            }
            for (; n < padded; n += 2, to += 4 * Steps)
            {
                to[0] = n < states ? fromB[n] : 0f;
                to[2] = n < states ? fromC[n] : 0f;
                to[1] = to[3] = 0f;
            }
        }
    }

    /// <summary>Writes the rows of dB and dC from couples.</summary>
    public static void ScatterCouples(float* couples, int* positions, int steps, int states, float* db, long dbStride,
        float* dc, long dcStride)
    {
        for (int i = 0; i < steps; i++)
        {
            float* toB = db + (positions[i] * dbStride);
            float* toC = dc + (positions[i] * dcStride);
            int n = 0;
            for (; n <= states - 4; n += 4)
            {
                float* from = couples + (n * 2 * Steps) + (4 * i);
                Vector128<float> first = Vector128.Load(from), second = Vector128.Load(from + (4 * Steps));
                Vector128.Create(first.GetLower(), second.GetLower()).Store(toB + n);
                Vector128.Create(first.GetUpper(), second.GetUpper()).Store(toC + n);
            }
            for (; n < states; n++)
            {
                float* from = couples + (n / 2 * 4 * Steps) + (4 * i) + (n & 1);
                toB[n] = from[0];
                toC[n] = from[2];
            }
        }
    }

    /// <summary>delta = bias + dt weight: dt [64][dtStride], weight [rank][16]. Writes up to the next fourth step.</summary>
    public static void Project(int vectors, int steps, int rank, float* dt, int dtStride, float* weight, float* bias,
        float* delta)
    {
        int v = 0;
        for (; v <= vectors - 2; v += 2)
            ProjectPair(v, steps, rank, dt, dtStride, weight, bias, delta);
        for (; v < vectors; v++)
        {
            V start = L.Load(bias + (v * L.Count));
            for (int i = 0; i < steps; i += 4)
            {
                V s0 = start, s1 = start, s2 = start, s3 = start;
                float* from = dt + (i * dtStride);
                for (int r = 0; r < rank; r++)
                {
                    V w = L.Load(weight + (r * Channels) + (v * L.Count));
                    s0 = L.Fma(L.Set(from[r]), w, s0);
                    s1 = L.Fma(L.Set(from[dtStride + r]), w, s1);
                    s2 = L.Fma(L.Set(from[(2 * dtStride) + r]), w, s2);
                    s3 = L.Fma(L.Set(from[(3 * dtStride) + r]), w, s3);
                }
                float* to = delta + (((v * Steps) + i) * L.Count);
                L.Store(s0, to);
                L.Store(s1, to + L.Count);
                L.Store(s2, to + (2 * L.Count));
                L.Store(s3, to + (3 * L.Count));
            }
        }
    }

    /// <summary>Two registers of channels share each broadcast: half the loads.</summary>
    static void ProjectPair(int v, int steps, int rank, float* dt, int dtStride, float* weight, float* bias,
        float* delta)
    {
        V start = L.Load(bias + (v * L.Count)), start2 = L.Load(bias + ((v + 1) * L.Count));
        for (int i = 0; i < steps; i += 4)
        {
            V s0 = start, s1 = start, s2 = start, s3 = start;
            V t0 = start2, t1 = start2, t2 = start2, t3 = start2;
            float* from = dt + (i * dtStride);
            float* row = weight + (v * L.Count);
            for (int r = 0; r < rank; r++, row += Channels, from++)
            {
                V w = L.Load(row), w2 = L.Load(row + L.Count);
                V x = L.Set(from[0]);
                s0 = L.Fma(x, w, s0);
                t0 = L.Fma(x, w2, t0);
                x = L.Set(from[dtStride]);
                s1 = L.Fma(x, w, s1);
                t1 = L.Fma(x, w2, t1);
                x = L.Set(from[2 * dtStride]);
                s2 = L.Fma(x, w, s2);
                t2 = L.Fma(x, w2, t2);
                x = L.Set(from[3 * dtStride]);
                s3 = L.Fma(x, w, s3);
                t3 = L.Fma(x, w2, t3);
            }
            float* to = delta + (((v * Steps) + i) * L.Count);
            float* to2 = to + (Steps * L.Count);
            L.Store(s0, to);
            L.Store(s1, to + L.Count);
            L.Store(s2, to + (2 * L.Count));
            L.Store(s3, to + (3 * L.Count));
            L.Store(t0, to2);
            L.Store(t1, to2 + L.Count);
            L.Store(t2, to2 + (2 * L.Count));
            L.Store(t3, to2 + (3 * L.Count));
        }
    }

    /// <summary>
    /// Gradient of <see cref="Project"/>'s dt: adds draw weight^T, with the weight as [16][dtStride] (rows padded with
    /// zeros to whole registers). Works up to the next fourth step; draw must be finite there.
    /// </summary>
    public static void ProjectBackward(int channels, int steps, int dtStride, float* draw, float* weight, float* ddt)
    {
        int r = 0;
        for (; r <= dtStride - (2 * L.Count); r += 2 * L.Count)
            for (int i = 0; i < steps; i += 2)
                ProjectBackwardPair(channels, i, dtStride, draw, weight + r, ddt + (i * dtStride) + r);
        for (; r < dtStride; r += L.Count)
        {
            for (int i = 0; i < steps; i += 4)
            {
                float* to = ddt + (i * dtStride) + r;
                V s0 = L.Load(to), s1 = L.Load(to + dtStride);
                V s2 = L.Load(to + (2 * dtStride)), s3 = L.Load(to + (3 * dtStride));
                for (int c = 0; c < channels; c++)
                {
                    V w = L.Load(weight + (c * dtStride) + r);
                    float* from = draw + (((c / L.Count * Steps) + i) * L.Count) + (c % L.Count);
                    s0 = L.Fma(L.Set(from[0]), w, s0);
                    s1 = L.Fma(L.Set(from[L.Count]), w, s1);
                    s2 = L.Fma(L.Set(from[2 * L.Count]), w, s2);
                    s3 = L.Fma(L.Set(from[3 * L.Count]), w, s3);
                }
                L.Store(s0, to);
                L.Store(s1, to + dtStride);
                L.Store(s2, to + (2 * dtStride));
                L.Store(s3, to + (3 * dtStride));
            }
        }
    }

    /// <summary>Two registers of ranks share each broadcast, for two steps; even and odd channels sum apart.</summary>
    static void ProjectBackwardPair(int channels, int i, int dtStride, float* draw, float* weight, float* to)
    {
        V s0 = L.Load(to), t0 = L.Load(to + L.Count);
        V s1 = L.Load(to + dtStride), t1 = L.Load(to + dtStride + L.Count);
        V u0 = L.Zero, v0 = L.Zero, u1 = L.Zero, v1 = L.Zero;
        int c = 0;
        for (; c <= channels - 2; c += 2, weight += 2 * dtStride)
        {
            float* even = draw + (((c / L.Count * Steps) + i) * L.Count) + (c % L.Count);
            float* odd = draw + ((((c + 1) / L.Count * Steps) + i) * L.Count) + ((c + 1) % L.Count);
            V w = L.Load(weight), w2 = L.Load(weight + L.Count);
            V x = L.Set(even[0]), y = L.Set(even[L.Count]);
            s0 = L.Fma(x, w, s0);
            t0 = L.Fma(x, w2, t0);
            s1 = L.Fma(y, w, s1);
            t1 = L.Fma(y, w2, t1);
            w = L.Load(weight + dtStride);
            w2 = L.Load(weight + dtStride + L.Count);
            x = L.Set(odd[0]);
            y = L.Set(odd[L.Count]);
            u0 = L.Fma(x, w, u0);
            v0 = L.Fma(x, w2, v0);
            u1 = L.Fma(y, w, u1);
            v1 = L.Fma(y, w2, v1);
        }
        if (c < channels)
        {
            float* last = draw + (((c / L.Count * Steps) + i) * L.Count) + (c % L.Count);
            s0 = L.Fma(L.Set(last[0]), L.Load(weight), s0);
            t0 = L.Fma(L.Set(last[0]), L.Load(weight + L.Count), t0);
            s1 = L.Fma(L.Set(last[L.Count]), L.Load(weight), s1);
            t1 = L.Fma(L.Set(last[L.Count]), L.Load(weight + L.Count), t1);
        }
        L.Store(L.Add(s0, u0), to);
        L.Store(L.Add(t0, v0), to + L.Count);
        L.Store(L.Add(s1, u1), to + dtStride);
        L.Store(L.Add(t1, v1), to + dtStride + L.Count);
    }

    /// <summary>Gradient of <see cref="Project"/>'s weight: dWeight [rank up to the next fourth][16] += dt^T draw.</summary>
    public static void ProjectWeightBackward(int vectors, int steps, int rank, float* dt, int dtStride, float* draw,
        float* dWeight)
    {
        for (int v = 0; v < vectors; v++)
        {
            for (int r = 0; r < rank; r += 4)
            {
                float* to = dWeight + (r * Channels) + (v * L.Count);
                V s0 = L.Load(to), s1 = L.Load(to + Channels);
                V s2 = L.Load(to + (2 * Channels)), s3 = L.Load(to + (3 * Channels));
                float* from = dt + r;
                float* d = draw + (v * Steps * L.Count);
                for (int i = 0; i < steps; i++, from += dtStride, d += L.Count)
                {
                    V x = L.Load(d);
                    s0 = L.Fma(L.Set(from[0]), x, s0);
                    s1 = L.Fma(L.Set(from[1]), x, s1);
                    s2 = L.Fma(L.Set(from[2]), x, s2);
                    s3 = L.Fma(L.Set(from[3]), x, s3);
                }
                L.Store(s0, to);
                L.Store(s1, to + Channels);
                L.Store(s2, to + (2 * Channels));
                L.Store(s3, to + (3 * Channels));
            }
        }
    }

    /// <summary>deltaU = delta u and y = skip u, the start of the output's sum. skip may be null: 0.</summary>
    public static void Start(int vectors, int steps, float* u, float* delta, float* skip, float* deltaU, float* y)
    {
        for (int v = 0; v < vectors; v++)
        {
            V d = skip == null ? L.Zero : L.Load(skip + (v * L.Count));
            int at = v * Steps * L.Count;
            for (int i = 0; i < steps; i++, at += L.Count)
            {
                V x = L.Load(u + at);
                L.Store(L.Mul(L.Load(delta + at), x), deltaU + at);
                if (y != null)
                    L.Store(L.Mul(d, x), y + at);
            }
        }
    }

    /// <summary>
    /// From the scan's gradients to those of u (in dDeltaU's place), the raw step size (in dDelta's place), the skip
    /// weight and the bias. slope and skip may be null.
    /// </summary>
    public static void Finish(int vectors, int steps, float* u, float* delta, float* slope, float* dy, float* skip,
        float* dDeltaU, float* dDelta, float* dSkip, float* dBias)
    {
        for (int v = 0; v < vectors; v++)
        {
            V weight = skip == null ? L.Zero : L.Load(skip + (v * L.Count));
            V skipSum = L.Load(dSkip + (v * L.Count)), biasSum = L.Load(dBias + (v * L.Count));
            int at = v * Steps * L.Count;
            for (int i = 0; i < steps; i++, at += L.Count)
            {
                V x = L.Load(u + at), y = L.Load(dy + at), product = L.Load(dDeltaU + at);
                V raw = L.Fma(product, x, L.Load(dDelta + at));
                if (slope != null)
                    raw = L.Mul(raw, L.Load(slope + at));
                L.Store(raw, dDelta + at);
                L.Store(L.Fma(product, L.Load(delta + at), L.Mul(weight, y)), dDeltaU + at);
                skipSum = L.Fma(y, x, skipSum);
                biasSum = L.Add(biasSum, raw);
            }
            L.Store(skipSum, dSkip + (v * L.Count));
            L.Store(biasSum, dBias + (v * L.Count));
        }
    }

    /// <summary>plane += the same row at every step.</summary>
    public static void AddToAll(int vectors, int steps, float* row, float* plane)
    {
        for (int v = 0; v < vectors; v++)
        {
            V x = L.Load(row + (v * L.Count));
            float* p = plane + (v * Steps * L.Count);
            for (int i = 0; i < steps; i++, p += L.Count)
                L.Store(L.Add(L.Load(p), x), p);
        }
    }

    /// <summary>y = y SiLU(z).</summary>
    public static void Gate(int vectors, int steps, float* z, float* y)
    {
        for (int v = 0; v < vectors; v++)
        {
            int at = v * Steps * L.Count;
            for (int i = 0; i < steps; i++, at += L.Count)
            {
                V x = L.Load(z + at);
                L.Store(L.Mul(L.Load(y + at), L.Mul(x, VectorMath<L, V>.Sigmoid(x))), y + at);
            }
        }
    }

    /// <summary>In place: z becomes dz = dy y SiLU'(z), dy becomes dy SiLU(z); y is the result before the gate.</summary>
    public static void GateBackward(int vectors, int steps, float* z, float* y, float* dy)
    {
        for (int v = 0; v < vectors; v++)
        {
            int at = v * Steps * L.Count;
            for (int i = 0; i < steps; i++, at += L.Count)
            {
                V x = L.Load(z + at), d = L.Load(dy + at);
                V sigmoid = VectorMath<L, V>.Sigmoid(x);
                V silu = L.Mul(x, sigmoid);
                V slope = L.Add(sigmoid, L.FmaNegated(sigmoid, silu, silu));
                L.Store(L.Mul(L.Mul(d, L.Load(y + at)), slope), z + at);
                L.Store(L.Mul(d, silu), dy + at);
            }
        }
    }

    /// <summary>Zeros the steps of a plane up to the next fourth, so that tiles of four read no rubbish.</summary>
    public static void ClearTail(int vectors, int steps, float* plane)
    {
        int end = (steps + 3) & ~3;
        for (int v = 0; v < vectors; v++)
            new Span<float>(plane + (((v * Steps) + steps) * L.Count), (end - steps) * L.Count).Clear();
    }
}
