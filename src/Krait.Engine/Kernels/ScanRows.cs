using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Rows of channels to a plane [step][16] for each block of 16 and back, in the order of a walk.</summary>
static unsafe class ScanRows<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Channels = SelectiveScanChunk<L, V>.Channels;
    const int PlaneFloats = SelectiveScanChunk<L, V>.PlaneFloats;

    /// <summary>Rows asked for before they are used: more would push each other out of the first cache.</summary>
    const int RowsAhead = 4;

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

    /// <summary>Asks for the row that follows a few steps after step i, at the start for those before it too.</summary>
    public static void AskAhead(float* x, long stride, int* positions, int i, int steps, int floats)
    {
        if (!Sse.IsSupported)
            return;
        for (int at = i == 0 ? 0 : i + RowsAhead; at < Math.Min(steps, i + RowsAhead + 1); at++)
        {
            float* row = x + (positions[at] * stride);
            for (int f = 0; f < floats; f += 16)
                Sse.Prefetch0(row + f);
            Sse.Prefetch0(row + floats - 1);
        }
    }

    /// <summary>
    /// Planes of several blocks, one after the other = rows of x. Rows are read whole: a walk down a column finds only a
    /// few of its rows in a cache at a time, since they lie multiples of a page apart.
    /// </summary>
    public static void GatherBlocks(float* x, long stride, int* positions, int steps, int channels, float* planes)
    {
        for (int i = 0; i < steps; i++, planes += Channels)
        {
            AskAhead(x, stride, positions, i, steps, channels);
            float* row = x + (positions[i] * stride), plane = planes;
            int left = channels;
            for (; left >= Channels; left -= Channels, row += Channels, plane += PlaneFloats)
                for (int c = 0; c < Channels; c += L.Count)
                    L.Store(L.Load(row + c), plane + c);
            for (int c = 0; c < left; c += L.Count)
                L.Store(Part<L, V>.Load(row + c, Math.Min(L.Count, left - c)), plane + c);
        }
    }

    /// <summary>Rows of y = planes of several blocks, or += them.</summary>
    public static void ScatterBlocks(float* planes, int* positions, int steps, int channels, bool add, long stride,
        float* y)
    {
        for (int i = 0; i < steps; i++, planes += Channels)
        {
            AskAhead(y, stride, positions, i, steps, channels);
            float* row = y + (positions[i] * stride), plane = planes;
            int left = channels;
            for (; left >= Channels; left -= Channels, row += Channels, plane += PlaneFloats)
                for (int c = 0; c < Channels; c += L.Count)
                    L.Store(add ? L.Add(L.Load(row + c), L.Load(plane + c)) : L.Load(plane + c), row + c);
            for (int c = 0; c < left; c += L.Count)
            {
                int lanes = Math.Min(L.Count, left - c);
                V part = L.Load(plane + c);
                Part<L, V>.Store(add ? L.Add(Part<L, V>.Load(row + c, lanes), part) : part, row + c, lanes);
            }
        }
    }
}
