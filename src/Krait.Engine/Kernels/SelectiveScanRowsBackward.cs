using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Both ends of a chunk's gradients. The walk goes back: each step asks for its row of the chunk before.</summary>
static unsafe partial class SelectiveScanRows<L, V>
{
    /// <summary>
    /// Planes dx = dy SiLU(z) and slope = dy SiLU'(z) of rows of z and dy; asks for the rows that dz goes to.
    /// </summary>
    public static void GateBackward(int vectors, int steps, float* z, long zStride, float* dy, long dyStride, float* dz,
        long dzStride, float* dx, float* slope)
    {
        int i = 0;
        for (; i + 4 <= steps; i += 4)
        {
            for (int r = 0; r < 4; r++)
            {
                Ask(z + ((r - Steps) * zStride));
                Ask(dy + ((r - Steps) * dyStride));
                Ask(dz + ((r - Steps) * dzStride));
            }
            for (int c = 0; c < vectors * L.Count; c += L.Count)
                Silu<L, V>.GateBackward(z + c, zStride, dy + c, dyStride, Channels, dx + c, slope + c);
            z += 4 * zStride;
            dy += 4 * dyStride;
            dz += 4 * dzStride;
            dx += 4 * Channels;
            slope += 4 * Channels;
        }
        for (; i < steps; i++, z += zStride, dy += dyStride, dx += Channels, slope += Channels)
            for (int c = 0; c < vectors * L.Count; c += L.Count)
                Silu<L, V>.GateBackward(z + c, dy + c, dx + c, slope + c);
    }

    /// <summary>
    /// From the scan's gradients to those of u (rows), the raw step size (in dDelta's place), the skip weight and the
    /// bias. slope may be null.
    /// </summary>
    public static void Finish(int vectors, int steps, float* u, long uStride, float* delta, float* slope, float* dy,
        float* skip, float* dDeltaU, float* dDelta, float* dSkip, float* dBias, float* du, long duStride)
    {
        for (int c = 0; c < vectors * L.Count; c += 2 * L.Count)
        {
            float* s = slope == null ? null : slope + c;
            if (c + L.Count < vectors * L.Count)
                Finish<Count2>(steps, u + c, uStride, delta + c, s, dy + c, skip + c, dDeltaU + c, dDelta + c,
                    dSkip + c, dBias + c, du + c, duStride);
            else
                Finish<Count1>(steps, u + c, uStride, delta + c, s, dy + c, skip + c, dDeltaU + c, dDelta + c,
                    dSkip + c, dBias + c, du + c, duStride);
        }
    }

    /// <summary>One register of channels or two: a row's line is gone before a second walk down the column.</summary>
    static void Finish<W>(int steps, float* u, long uStride, float* delta, float* slope, float* dy, float* skip,
        float* dDeltaU, float* dDelta, float* dSkip, float* dBias, float* du, long duStride)
        where W : struct, ICount
    {
        V skipSum = L.Load(dSkip), biasSum = L.Load(dBias), skipSum2 = skipSum, biasSum2 = biasSum;
        if (W.Value > 1)
            (skipSum2, biasSum2) = (L.Load(dSkip + L.Count), L.Load(dBias + L.Count));
        for (int i = 0; i < steps; i++, u += uStride, du += duStride)
        {
            int at = i * Channels;
            Ask(du - (Steps * duStride));
            float* s = slope == null ? null : slope + at;
            Finish(u, delta + at, s, dy + at, skip, dDeltaU + at, dDelta + at, ref skipSum, ref biasSum, du);
            if (W.Value == 1)
                continue;
            at += L.Count;
            Finish(u + L.Count, delta + at, s == null ? null : s + L.Count, dy + at, skip + L.Count, dDeltaU + at,
                dDelta + at, ref skipSum2, ref biasSum2, du + L.Count);
        }
        L.Store(skipSum, dSkip);
        L.Store(biasSum, dBias);
        if (W.Value == 1)
            return;
        L.Store(skipSum2, dSkip + L.Count);
        L.Store(biasSum2, dBias + L.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Finish(float* u, float* delta, float* slope, float* dy, float* skip, float* dDeltaU, float* dDelta,
        ref V skipSum, ref V biasSum, float* du)
    {
        V x = L.Load(u), y = L.Load(dy), product = L.Load(dDeltaU), raw = L.Fma(product, x, L.Load(dDelta));
        if (slope != null)
            raw = L.Mul(raw, L.Load(slope));
        L.Store(raw, dDelta);
        L.Store(L.Fma(product, L.Load(delta), L.Mul(L.Load(skip), y)), du);
        skipSum = L.Fma(y, x, skipSum);
        biasSum = L.Add(biasSum, raw);
    }

    /// <summary>Rows of product = the product of two planes.</summary>
    public static void Multiply(int vectors, int steps, float* a, float* b, float* product, long stride)
    {
        for (int i = 0; i < steps; i++, a += Channels, b += Channels, product += stride)
            for (int c = 0; c < vectors * L.Count; c += L.Count)
                L.Store(L.Mul(L.Load(a + c), L.Load(b + c)), product + c);
    }
}
