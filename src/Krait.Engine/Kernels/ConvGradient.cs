using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>The gradient of a convolution's weight: for each tap a product over pixels, aᵀ b.</summary>
internal static unsafe class ConvGradient<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Floats of scratch for some rows of outputs of <see cref="ConvPhase.OfGradient"/>.</summary>
    public static long ScratchFloats(ConvShape s, in ConvPhase phase, int rows) =>
        Aligned(ConvSlab.Floats(phase, rows, SlabChannels(s)))
        + (long)rows * phase.X.Count * MatMulTile<L, V>.PanelWidth;

    /// <summary>dw[t, i, o] (+)= sum over rows y0 to y1 of plane z of a sample and group, panels p0 to p1.</summary>
    /// <remarks>
    /// x and dy: the sample's first pixel, first channel of the group. dw: the group's first weight, in the layout that
    /// <see cref="ConvShape"/> names; s is the forward direction.
    /// </remarks>
    public static void Backward(
        ConvShape s, in ConvPhase phase, float* x, long xStride, float* dy, long dyStride, int z, int y0, int y1,
        long p0, long p1, bool accumulate, float* scratch, float* dw)
    {
        ConvSlab slab = ConvSlab.Of(
            phase, s.IsTransposed ? dy : x, s.IsTransposed ? dyStride : xStride, SlabChannels(s), z, y0, y1 - y0,
            scratch);
        float* panel = scratch + Aligned(ConvSlab.Floats(phase, y1 - y0, SlabChannels(s)));
        long pixel = ((long)z * phase.Y.Count + y0) * phase.X.Count;
        for (long p = p0; p < p1; p++)
        {
            long column = p * MatMulTile<L, V>.PanelWidth;
            if (s.IsTransposed)
                Transposed(s, phase, slab, x + pixel * xStride, xStride, y1 - y0, column, accumulate, panel, dw);
            else
                Direct(s, phase, slab, dy + pixel * dyStride, dyStride, y1 - y0, column, accumulate, panel, dw);
        }
    }

    /// <summary>a: the slab, a run of taps and channels as columns; b: dy.</summary>
    static void Direct(
        ConvShape s, in ConvPhase phase, in ConvSlab slab, float* dy, long dyStride, int rows, long column,
        bool accumulate, float* panel, float* dw)
    {
        long* runs = stackalloc long[phase.Taps], lines = stackalloc long[rows];
        int runCount = slab.Runs(phase, s.GroupInputs, runs, out long run);
        for (int i = 0; i < rows; i++)
            lines[i] = i * phase.Y.Step * slab.RowStride;
        long columns = s.GroupOutputs - column;
        MatMulPack<L, V>.Panels(dy + column, dyStride, 1, (long)rows * phase.X.Count, columns, 0, 1, panel, 0);
        MatMulTileArgs t = default;
        t.BStride = MatMulTile<L, V>.PanelWidth;
        t.RowStride = 1;
        t.StepStride = phase.X.Step * slab.PixelStride;
        t.Steps = phase.X.Count;
        t.Offsets = lines;
        t.Segments = rows;
        t.B = panel;
        t.YStride = t.AddStride = s.OutputChannels;
        for (int r = 0; r < runCount; r++)
        {
            t.A = slab.Pointer + runs[r];
            t.Y = dw + r * run * s.OutputChannels + column;
            t.Add = accumulate ? t.Y : null;
            MatMul<L, V>.Rows(ref t, run, columns);
        }
    }

    /// <summary>a: x; b: the slab of dy as one tap sees it.</summary>
    static void Transposed(
        ConvShape s, in ConvPhase phase, in ConvSlab slab, float* x, long xStride, int rows, long column,
        bool accumulate, float* panel, float* dw)
    {
        long columns = s.GroupOutputs - column;
        MatMulTileArgs t = default;
        t.BStride = MatMulTile<L, V>.PanelWidth;
        t.RowStride = 1;
        t.StepStride = xStride;
        t.Steps = (long)rows * phase.X.Count;
        t.Segments = 1;
        t.B = panel;
        t.YStride = t.AddStride = s.GroupOutputs;
        for (int tap = 0; tap < phase.Taps; tap++)
        {
            int tx = tap % phase.X.Taps, ty = tap / phase.X.Taps % phase.Y.Taps, tz = tap / phase.X.Taps / phase.Y.Taps;
            float* from = slab.Pointer + tz * slab.PlaneStride + ty * slab.RowStride + tx * slab.PixelStride + column;
            for (int i = 0; i < rows; i++)
                MatMulPack<L, V>.Panels(
                    from + i * phase.Y.Step * slab.RowStride, phase.X.Step * slab.PixelStride, 1, phase.X.Count,
                    columns, 0, 1, panel + (long)i * phase.X.Count * MatMulTile<L, V>.PanelWidth, 0);
            t.A = x;
            t.Y = dw + (long)tap * s.InputChannels * s.GroupOutputs + column;
            t.Add = accumulate ? t.Y : null;
            MatMul<L, V>.Rows(ref t, s.GroupInputs, columns);
        }
    }

    static int SlabChannels(ConvShape s) => s.IsTransposed ? s.GroupOutputs : s.GroupInputs;

    static long Aligned(long floats) => (floats + 15) / 16 * 16;
}
