using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>B and C of a chunk: rows to couples and back. Layout as in <see cref="SelectiveScanChunk{L, V}"/>.</summary>
static unsafe class ScanCouples<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Steps = SelectiveScanChunk<L, V>.Steps;

    /// <summary>couples = B and C, of which a step's rows of <paramref name="states"/> numbers start at b and c.</summary>
    public static void Gather(float* b, long bStride, float* c, long cStride, int* positions, int steps, int states,
        float* couples)
    {
        int whole = states & ~3;
        for (int i = 0; i < steps; i++, couples += 8)
        {
            float* fromB = b + (positions[i] * bStride), fromC = c + (positions[i] * cStride);
            float* to = couples;
            for (int n = 0; n < whole; n += 4, to += 8 * Steps)
            {
                Vector128.Load(fromB + n).Store(to);
                Vector128.Load(fromC + n).Store(to + 4);
            }
            for (int n = whole; n < SelectiveScanChunk<L, V>.PaddedStates(states); n++, to++)
                (to[0], to[4]) = n < states ? (fromB[n], fromC[n]) : (0f, 0f);
        }
    }

    /// <summary>Writes the rows of dB and dC from [two states][step][dB0 dB1 dC0 dC1].</summary>
    public static void Scatter(float* pairs, int* positions, int steps, int states, float* db, long dbStride,
        float* dc, long dcStride)
    {
        for (int i = 0; i < steps; i++, pairs += 4)
        {
            float* toB = db + (positions[i] * dbStride), toC = dc + (positions[i] * dcStride);
            float* from = pairs;
            int n = 0;
            for (; n <= states - 2; n += 2, from += 4 * Steps)
            {
                *(double*)(toB + n) = *(double*)from;
                *(double*)(toC + n) = *(double*)(from + 2);
            }
            if (n < states)
                (toB[n], toC[n]) = (from[0], from[2]);
        }
    }
}
