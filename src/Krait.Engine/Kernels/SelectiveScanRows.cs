using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Both ends of a chunk of a selective scan whose blocks fill whole registers: rows are read and written where they
/// lie, with no plane between.
/// </summary>
/// <remarks>
/// A block takes a line of every row, and no processor foresees several such walks at once. So each step asks for the
/// same row of the next chunk: one line between other work, since only some two dozen can be under way.
/// </remarks>
static unsafe partial class SelectiveScanRows<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Steps = SelectiveScanChunk<L, V>.Steps;
    const int Channels = SelectiveScanChunk<L, V>.Channels;

    /// <summary>deltaU = delta u and y = skip u, the start of the output's sum: planes, of rows of u.</summary>
    /// <param name="ahead">Floats from a row to the one to ask for.</param>
    public static void Start(int vectors, int steps, float* u, long uStride, long ahead, float* delta, float* skip,
        float* deltaU, float* y)
    {
        for (int i = 0; i < steps; i++)
        {
            Ask(u + ahead);
            for (int c = 0; c < vectors * L.Count; c += L.Count)
            {
                V x = L.Load(u + c);
                L.Store(L.Mul(L.Load(delta + c), x), deltaU + c);
                L.Store(L.Mul(L.Load(skip + c), x), y + c);
            }
            u += uStride;
            delta += Channels;
            deltaU += Channels;
            y += Channels;
        }
    }

    /// <summary>Rows of y = plane SiLU(rows of z), four steps side by side.</summary>
    public static void Gate(int vectors, int steps, float* plane, float* z, long zStride, float* y, long yStride)
    {
        int i = 0;
        for (; i + 4 <= steps; i += 4)
        {
            for (int r = 0; r < 4; r++)
            {
                Ask(z + ((Steps + r) * zStride));
                Ask(y + ((Steps + r) * yStride));
            }
            for (int c = 0; c < vectors * L.Count; c += L.Count)
            {
                float* from = z + c, to = y + c, p = plane + c;
                V s0 = L.Load(from), s1 = L.Load(from + zStride);
                V s2 = L.Load(from + (2 * zStride)), s3 = L.Load(from + (3 * zStride));
                Silu<L, V>.Four(ref s0, ref s1, ref s2, ref s3);
                L.Store(L.Mul(s0, L.Load(p)), to);
                L.Store(L.Mul(s1, L.Load(p + Channels)), to + yStride);
                L.Store(L.Mul(s2, L.Load(p + (2 * Channels))), to + (2 * yStride));
                L.Store(L.Mul(s3, L.Load(p + (3 * Channels))), to + (3 * yStride));
            }
            plane += 4 * Channels;
            z += 4 * zStride;
            y += 4 * yStride;
        }
        for (; i < steps; i++, plane += Channels, z += zStride, y += yStride)
        {
            Silu<L, V>.Gate(z, vectors * L.Count, plane);
            for (int c = 0; c < vectors * L.Count; c += L.Count)
                L.Store(L.Load(plane + c), y + c);
        }
    }

    /// <summary>A row beyond the end is never read: asking for it does nothing.</summary>
    public static void Ask(float* row)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(row);
    }
}
