using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// What surrounds the inner loops of a selective scan in one chunk, on planes [step][16]: the products with u before and
/// the gradients after.
/// </summary>
static unsafe class SelectiveScanPlane<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Channels = SelectiveScanChunk<L, V>.Channels;

    /// <summary>deltaU = delta u and y = skip u, the start of the output's sum. skip may be null: 0.</summary>
    public static void Start(int vectors, int steps, float* u, float* delta, float* skip, float* deltaU, float* y)
    {
        for (int v = 0; v < vectors; v++)
        {
            V d = skip == null ? L.Zero : L.Load(skip + (v * L.Count));
            int at = v * L.Count;
            for (int i = 0; i < steps; i++, at += Channels)
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
            int at = v * L.Count;
            for (int i = 0; i < steps; i++, at += Channels)
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
            float* p = plane + (v * L.Count);
            for (int i = 0; i < steps; i++, p += Channels)
                L.Store(L.Add(L.Load(p), x), p);
        }
    }

    /// <summary>product *= factor, at all lanes of every step.</summary>
    public static void Multiply(int steps, float* factor, float* product)
    {
        for (int i = 0; i < steps * Channels; i += L.Count)
            L.Store(L.Mul(L.Load(product + i), L.Load(factor + i)), product + i);
    }
}
