using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// The micro-kernel: R rows by one or two vectors of accumulators, all in registers. The body is written for 14 rows
/// and the JIT drops what lies beyond R, so that every height from 1 to 14 has a loop of its own.
/// </summary>
/// <remarks>
/// AVX-512 and NEON hold 14 x 2 accumulators in 32 registers, AVX2 6 x 2 in 16. Rows are reached from every third one
/// by base + stride and base + 2 stride, which keeps the pointers within the general registers. Each accumulator adds
/// its products in the order of k with one rounding each: the sum does not depend on the tile's height.
/// </remarks>
internal static unsafe class MatMulTile<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Floats in a row of a packed panel.</summary>
    public static int PanelWidth
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * L.Count;
    }

    /// <summary>Most rows of a tile that is <paramref name="vectors"/> (1 or 2) wide.</summary>
    public static int MaxRows(int vectors) =>
        L.HasManyRegisters ? 14 : vectors == 2 ? 6 : 12;

    /// <summary>Computes tiles of 1 to MaxRows rows below each other; t then points behind the last.</summary>
    public static void Run(int rows, int vectors, long tiles, ref MatMulTileArgs t)
    {
        if (vectors == 2)
            Run<Count2>(rows, tiles, ref t);
        else
            Run<Count1>(rows, tiles, ref t);
    }

    static void Run<W>(int rows, long tiles, ref MatMulTileArgs t) where W : struct, ICount
    {
        switch (rows)
        {
            case 1:
                Run<Count1, W>(tiles, ref t);
                break;
            case 2:
                Run<Count2, W>(tiles, ref t);
                break;
            case 3:
                Run<Count3, W>(tiles, ref t);
                break;
            case 4:
                Run<Count4, W>(tiles, ref t);
                break;
            case 5:
                Run<Count5, W>(tiles, ref t);
                break;
            case 6:
                Run<Count6, W>(tiles, ref t);
                break;
            case 7:
                Run<Count7, W>(tiles, ref t);
                break;
            case 8:
                Run<Count8, W>(tiles, ref t);
                break;
            case 9:
                Run<Count9, W>(tiles, ref t);
                break;
            case 10:
                Run<Count10, W>(tiles, ref t);
                break;
            case 11:
                Run<Count11, W>(tiles, ref t);
                break;
            case 12:
                Run<Count12, W>(tiles, ref t);
                break;
            case 13:
                Run<Count13, W>(tiles, ref t);
                break;
            case 14:
                Run<Count14, W>(tiles, ref t);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(rows), rows, "a tile has 1 to 14 rows");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Run<R, W>(long tiles, ref MatMulTileArgs t)
        where R : struct, ICount
        where W : struct, ICount
    {
        for (; tiles > 0; tiles--)
        {
            if (t.IsFirst)
                Ask(t.A + R.Value * t.RowStride, R.Value, t.RowStride, t.Steps);
            Tile<R, W>(ref t);
            t.A += R.Value * t.RowStride;
            t.Y += R.Value * t.YStride;
            t.Add += t.Add == null ? 0 : R.Value * t.AddStride;
        }
    }

    /// <summary>Asks for so many rows ahead of their time. A row beyond the end is never read.</summary>
    static void Ask(float* row, int rows, long stride, long steps)
    {
        if (!Sse.IsSupported)
            return;
        for (int r = 0; r < rows; r++, row += stride)
            for (long k = 0; k < steps; k += 16)
                Sse.Prefetch0(row + k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Tile<R, W>(ref MatMulTileArgs t)
        where R : struct, ICount
        where W : struct, ICount
    {
        V init0 = t.Init == null ? L.Zero : L.Load(t.Init);
        V init1 = t.Init == null ? L.Zero : L.Load(t.Init + L.Count);
        V c0 = init0, d0 = init1;
        V c1 = init0, d1 = init1;
        V c2 = init0, d2 = init1;
        V c3 = init0, d3 = init1;
        V c4 = init0, d4 = init1;
        V c5 = init0, d5 = init1;
        V c6 = init0, d6 = init1;
        V c7 = init0, d7 = init1;
        V c8 = init0, d8 = init1;
        V c9 = init0, d9 = init1;
        V c10 = init0, d10 = init1;
        V c11 = init0, d11 = init1;
        V c12 = init0, d12 = init1;
        V c13 = init0, d13 = init1;
        long row = t.RowStride, step = t.StepStride, bStep = t.BStride;
        float* b = t.B;
        for (long s = 0; s < t.Segments; s++)
        {
            float* a0 = t.A + (t.Offsets == null ? 0 : t.Offsets[s]);
            float* a3 = a0 + 3 * row, a6 = a3 + 3 * row, a9 = a6 + 3 * row, a12 = a9 + 3 * row;
            for (long k = t.Steps; k > 0; k--)
            {
                V b0 = L.Load(b);
                V b1 = W.Value > 1 ? L.Load(b + L.Count) : b0;
                b += bStep;
                V v = L.Set(a0[0]);
                c0 = L.Fma(v, b0, c0);
                if (W.Value > 1)
                    d0 = L.Fma(v, b1, d0);
                if (R.Value > 1)
                {
                    v = L.Set(a0[row]);
                    c1 = L.Fma(v, b0, c1);
                    if (W.Value > 1)
                        d1 = L.Fma(v, b1, d1);
                }
                if (R.Value > 2)
                {
                    v = L.Set(a0[2 * row]);
                    c2 = L.Fma(v, b0, c2);
                    if (W.Value > 1)
                        d2 = L.Fma(v, b1, d2);
                }
                if (R.Value > 3)
                {
                    v = L.Set(a3[0]);
                    c3 = L.Fma(v, b0, c3);
                    if (W.Value > 1)
                        d3 = L.Fma(v, b1, d3);
                }
                if (R.Value > 4)
                {
                    v = L.Set(a3[row]);
                    c4 = L.Fma(v, b0, c4);
                    if (W.Value > 1)
                        d4 = L.Fma(v, b1, d4);
                }
                if (R.Value > 5)
                {
                    v = L.Set(a3[2 * row]);
                    c5 = L.Fma(v, b0, c5);
                    if (W.Value > 1)
                        d5 = L.Fma(v, b1, d5);
                }
                if (R.Value > 6)
                {
                    v = L.Set(a6[0]);
                    c6 = L.Fma(v, b0, c6);
                    if (W.Value > 1)
                        d6 = L.Fma(v, b1, d6);
                }
                if (R.Value > 7)
                {
                    v = L.Set(a6[row]);
                    c7 = L.Fma(v, b0, c7);
                    if (W.Value > 1)
                        d7 = L.Fma(v, b1, d7);
                }
                if (R.Value > 8)
                {
                    v = L.Set(a6[2 * row]);
                    c8 = L.Fma(v, b0, c8);
                    if (W.Value > 1)
                        d8 = L.Fma(v, b1, d8);
                }
                if (R.Value > 9)
                {
                    v = L.Set(a9[0]);
                    c9 = L.Fma(v, b0, c9);
                    if (W.Value > 1)
                        d9 = L.Fma(v, b1, d9);
                }
                if (R.Value > 10)
                {
                    v = L.Set(a9[row]);
                    c10 = L.Fma(v, b0, c10);
                    if (W.Value > 1)
                        d10 = L.Fma(v, b1, d10);
                }
                if (R.Value > 11)
                {
                    v = L.Set(a9[2 * row]);
                    c11 = L.Fma(v, b0, c11);
                    if (W.Value > 1)
                        d11 = L.Fma(v, b1, d11);
                }
                if (R.Value > 12)
                {
                    v = L.Set(a12[0]);
                    c12 = L.Fma(v, b0, c12);
                    if (W.Value > 1)
                        d12 = L.Fma(v, b1, d12);
                }
                if (R.Value > 13)
                {
                    v = L.Set(a12[row]);
                    c13 = L.Fma(v, b0, c13);
                    if (W.Value > 1)
                        d13 = L.Fma(v, b1, d13);
                }
                a0 += step;
                if (R.Value > 3)
                    a3 += step;
                if (R.Value > 6)
                    a6 += step;
                if (R.Value > 9)
                    a9 += step;
                if (R.Value > 12)
                    a12 += step;
            }
        }
        float* y = t.Y, add = t.Add;
        long yStride = t.YStride, addStride = t.AddStride;
        V scale = L.Set(t.AddScale == null ? 1f : *t.AddScale);
        Finish<W>(c0, d0, y, add, scale);
        if (R.Value > 1)
            Finish<W>(c1, d1, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 2)
            Finish<W>(c2, d2, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 3)
            Finish<W>(c3, d3, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 4)
            Finish<W>(c4, d4, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 5)
            Finish<W>(c5, d5, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 6)
            Finish<W>(c6, d6, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 7)
            Finish<W>(c7, d7, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 8)
            Finish<W>(c8, d8, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 9)
            Finish<W>(c9, d9, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 10)
            Finish<W>(c10, d10, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 11)
            Finish<W>(c11, d11, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 12)
            Finish<W>(c12, d12, y += yStride, add += add == null ? 0 : addStride, scale);
        if (R.Value > 13)
            Finish<W>(c13, d13, y += yStride, add += add == null ? 0 : addStride, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Finish<W>(V c, V d, float* y, float* add, V scale) where W : struct, ICount
    {
        if (add != null)
        {
            c = L.Fma(scale, L.Load(add), c);
            if (W.Value > 1)
                d = L.Fma(scale, L.Load(add + L.Count), d);
        }
        L.Store(c, y);
        if (W.Value > 1)
            L.Store(d, y + L.Count);
    }
}
