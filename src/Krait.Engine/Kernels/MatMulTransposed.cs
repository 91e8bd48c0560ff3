using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>The gradient's product over rows, y = aᵀ b.</summary>
/// <remarks>
/// Blocks of rows of a and b are copied into the order in which the tiles read them: columns of a into strips of a
/// tile's height, columns of b into panels. Both copies read whole rows: rows often lie a page apart, and a column's
/// pieces of so many rows would push each other out of the caches before their neighbours are read.
/// </remarks>
internal static unsafe partial class MatMul<L, V>
{
    /// <summary>Rows copied at a time, and columns of b: both copies fit into the second cache.</summary>
    const int TransposedSteps = 256, TransposedColumns = 128;

    /// <summary>Rows asked for before they are copied.</summary>
    const int RowsAhead = 8;

    /// <summary>y[m, n] (+)= sum_k a[k, m] b[k, n] for columns m0 to m1 of a and n0 to n1 of b: a weight's gradient.</summary>
    /// <remarks>
    /// a: [K, M], rows aStride apart. b: [K, N], rows bStride apart. accumulate: Adds to y instead of writing it.
    /// scratch: <see cref="TransposedScratchFloats"/> floats.
    /// </remarks>
    public static void Transposed(
        float* a, long aStride, float* b, long bStride, long k, long m0, long m1, long m, long n0, long n1,
        bool accumulate, float* scratch, float* y, long yStride)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        var strips = new Strips(m1 - m0);
        float* panels = scratch + strips.Floats;
        MatMulTileArgs t = default;
        t.BStride = width;
        t.Segments = 1;
        t.RowStride = 1;
        t.YStride = t.AddStride = yStride;
        for (long k0 = 0; k0 < k || k0 == 0; k0 += TransposedSteps)
        {
            t.Steps = Math.Min(TransposedSteps, k - k0);
            strips.Pack(a + (k0 * aStride) + m0, aStride, t.Steps, m - m0, scratch);
            for (long column = n0; column < n1; column += width)
            {
                long packed = (column - n0) % TransposedColumns;
                if (packed == 0)
                    PackPanels(b + (k0 * bStride) + column, bStride, t.Steps, Math.Min(TransposedColumns, n1 - column),
                        panels);
                for (long i = 0; i < strips.Count; i++)
                {
                    t.B = panels + (packed * TransposedSteps);
                    t.A = scratch + strips.At(i);
                    t.StepStride = strips.Height(i);
                    t.Y = y + ((m0 + strips.First(i)) * yStride) + column;
                    t.Add = accumulate || k0 > 0 ? t.Y : null;
                    Rows(ref t, strips.Height(i), Math.Min(width, n1 - column));
                }
            }
        }
    }

    /// <summary>Floats that <see cref="Transposed"/> needs for <paramref name="rows"/> columns of a.</summary>
    public static long TransposedScratchFloats(long rows) =>
        new Strips(rows).Floats + (TransposedSteps * Math.Max(TransposedColumns, MatMulTile<L, V>.PanelWidth));

    /// <summary>Columns of b as panels, [panel][step][two registers], zero beyond the last column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PackPanels(float* b, long stride, long steps, long columns, float* panels)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        long whole = columns / width * width;
        for (long s = 0; s < steps; s++, b += stride, panels += width)
        {
            AskForRow(b + (RowsAhead * stride), columns);
            float* to = panels;
            for (long c = 0; c < whole; c += width, to += TransposedSteps * width)
            {
                L.Store(L.Load(b + c), to);
                L.Store(L.Load(b + c + L.Count), to + L.Count);
            }
            for (long c = whole; c < columns; c += width)
                for (int lane = 0; lane < width; lane += L.Count)
                    L.Store(FirstOf(b + c + lane, columns - c - lane), to + lane);
        }
    }

    static V FirstOf(float* x, long count) => count >= L.Count ? L.Load(x)
        : count > 0 ? L.LoadFirst(x, (int)count) : L.Zero;

    /// <summary>A row beyond the end is never read: asking for it does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AskForRow(float* row, long floats)
    {
        if (!Sse.IsSupported)
            return;
        for (long f = 0; f < floats; f += 16)
            Sse.Prefetch0(row + f);
    }

    /// <summary>
    /// Columns of a as strips, [strip][step][height], with room for a register between. The first strips are one
    /// column higher than the others.
    /// </summary>
    readonly struct Strips
    {
        public readonly long Count;
        readonly long _columns, _height, _higher;

        public Strips(long columns)
        {
            int most = MatMulTile<L, V>.MaxRows(2);
            Count = (columns + most - 1) / most;
            _columns = columns;
            _height = Count == 0 ? 0 : columns / Count;
            _higher = columns - (_height * Count);
        }

        public long Floats => At(Count) + L.Count;

        public long First(long strip) => (strip * _height) + Math.Min(strip, _higher);

        public long Height(long strip) => strip < _higher ? _height + 1 : _height;

        public long At(long strip) => (First(strip) * TransposedSteps) + (strip * L.Count);

        /// <summary>Whole registers are written: what is too much of one is overwritten by the next step.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Pack(float* a, long stride, long steps, long readable, float* strips)
        {
            for (long s = 0; s < steps; s++, a += stride)
            {
                AskForRow(a + (RowsAhead * stride), _columns);
                float* to = strips + (s * (_height + 1));
                long first = 0, i = 0;
                for (; i < _higher; i++, first += _height + 1, to += ((_height + 1) * TransposedSteps) + L.Count)
                    CopyRow(a + first, _height + 1, readable - first, to);
                for (to -= s; i < Count; i++, first += _height, to += (_height * TransposedSteps) + L.Count)
                    CopyRow(a + first, _height, readable - first, to);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void CopyRow(float* from, long height, long readable, float* to)
        {
            for (long r = 0; r < height; r += L.Count)
                L.Store(FirstOf(from + r, readable - r), to + r);
        }
    }
}
