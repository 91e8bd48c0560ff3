using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Rows of up to 16 channels to planes [step][16] and back, in the order of a walk.</summary>
static unsafe class ScanRows<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
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

    /// <summary>plane = rows of x at the positions; lanes beyond the block's channels are 0.</summary>
    public static void Gather(float* x, long stride, int* positions, int steps, int channels, float* plane)
    {
        int whole = channels / L.Count * L.Count, rest = channels - whole;
        for (int i = 0; i < steps; i++, plane += Channels)
        {
            float* row = x + (positions[i] * stride);
            for (int c = 0; c < whole; c += L.Count)
                L.Store(L.Load(row + c), plane + c);
            if (rest > 0)
                L.Store(L.LoadFirst(row + whole, rest), plane + whole);
        }
    }

    /// <summary>Rows of y at the positions = plane, or += plane.</summary>
    public static void Scatter(float* plane, int* positions, int steps, int channels, bool add, long stride, float* y)
    {
        int whole = channels / L.Count * L.Count, rest = channels - whole;
        for (int i = 0; i < steps; i++, plane += Channels)
        {
            float* row = y + (positions[i] * stride);
            for (int c = 0; c < whole; c += L.Count)
                L.Store(add ? L.Add(L.Load(row + c), L.Load(plane + c)) : L.Load(plane + c), row + c);
            if (rest > 0)
            {
                V last = L.Load(plane + whole);
                L.StoreFirst(add ? L.Add(L.LoadFirst(row + whole, rest), last) : last, row + whole, rest);
            }
        }
    }
}
