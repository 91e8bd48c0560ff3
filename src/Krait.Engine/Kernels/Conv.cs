using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Convolution as a matrix product without unfolding: a tile's rows are neighbouring outputs of one row, its steps the
/// taps times channels, read where they lie. A transposed convolution is one such product for each phase of its stride.
/// </summary>
internal static unsafe class Conv<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Most steps between two visits of y, so that a panel's block stays in the first cache.</summary>
    const long StepBlock = 384;

    /// <summary>Floats of a group's packed weights.</summary>
    public static long PackedFloats(ConvShape s) => MatMulPack<L, V>.Floats(s.Taps * s.GroupInputs, s.GroupOutputs);

    /// <summary>Packs the weights of one group: for each phase, panel and tap the input channels' columns.</summary>
    /// <remarks>
    /// weight: the layout that <see cref="ConvShape"/> names, rows weightStride apart. packed:
    /// <see cref="PackedFloats"/> floats.
    /// </remarks>
    public static void Pack(ConvShape s, float* weight, long weightStride, int group, float* packed)
    {
        (int axisRows, int axisColumns) = s.WeightAxes;
        bool swapped = s.IsTransposed != s.HasTransposedWeight;
        weight += s.HasTransposedWeight
            ? (long)group * axisRows / s.Groups * weightStride
            : (long)group * axisColumns / s.Groups;
        long width = MatMulTile<L, V>.PanelWidth, panels = MatMulPack<L, V>.Panels(s.GroupOutputs);
        long tapSize = axisRows * weightStride;
        for (int i = 0; i < ConvPhase.Count(s); i++)
        {
            ConvPhase p = ConvPhase.Of(s, i);
            float* to = packed + p.TapsBefore * s.GroupInputs * panels * width;
            long tap = 0;
            for (int z = 0; z < p.Z.Taps; z++)
                for (int y = 0; y < p.Y.Taps; y++)
                    for (int x = 0; x < p.X.Taps; x++, tap++)
                        MatMulPack<L, V>.Panels(
                            weight + Tap(s, p, z, y, x) * tapSize, swapped ? 1 : weightStride,
                            swapped ? weightStride : 1, s.GroupInputs, s.GroupOutputs, 0, panels,
                            to + tap * s.GroupInputs * width, p.Taps * s.GroupInputs * width);
        }
    }

    static long Tap(ConvShape s, in ConvPhase p, int z, int y, int x) =>
        ((long)(p.Z.FirstTap + z * p.Z.TapStep) * s.Kernel.H + p.Y.FirstTap + y * p.Y.TapStep) * s.Kernel.W
        + p.X.FirstTap + x * p.X.TapStep;

    /// <summary>Rows y0 to y1 of plane z of one sample, group and phase, panels p0 to p1.</summary>
    /// <remarks>
    /// x and y: the sample's first pixel, first channel of the group. packed and bias: the group's. scratch:
    /// <see cref="ConvSlab.Floats"/>.
    /// </remarks>
    public static void Forward(
        ConvShape s, in ConvPhase phase, float* x, long xStride, float* packed, float* bias, int z, int y0, int y1,
        long p0, long p1, float* scratch, float* y, long yStride)
    {
        ConvSlab slab = ConvSlab.Of(phase, x, xStride, s.GroupInputs, z, y0, y1 - y0, scratch);
        long* offsets = stackalloc long[Math.Max(1, phase.Taps)];
        int runs = slab.Runs(phase, s.GroupInputs, offsets, out long run);
        packed += MatMulPack<L, V>.Floats(phase.TapsBefore * s.GroupInputs, s.GroupOutputs);
        MatMulTileArgs t = default;
        t.BStride = MatMulTile<L, V>.PanelWidth;
        t.RowStride = phase.X.Step * slab.PixelStride;
        t.StepStride = 1;
        t.YStride = t.AddStride = phase.X.OutputStep * yStride;
        long plane = phase.Z.OutputFirst + (long)z * phase.Z.OutputStep;
        float* first = y + (plane * s.Output.H * s.Output.W + phase.X.OutputFirst) * yStride;
        // A block is several whole runs, or a part of one.
        long parts = Math.Max(1, (run + StepBlock - 1) / StepBlock);
        int joined = parts > 1 ? 1 : (int)Math.Max(1, StepBlock / Math.Max(1, run));
        for (int r0 = 0; r0 < runs || r0 == 0; r0 += joined)
        {
            for (long part = 0; part < parts; part++)
            {
                long begin = run * part / parts;
                t.Steps = run * (part + 1) / parts - begin;
                t.Offsets = offsets + r0;
                t.Segments = Math.Min(joined, runs - r0);
                for (long p = p0; p < p1; p++)
                {
                    long column = p * MatMulTile<L, V>.PanelWidth;
                    bool isFirst = r0 == 0 && part == 0;
                    t.Init = isFirst && bias != null ? bias + column : null;
                    t.B = packed + (p * phase.Taps * s.GroupInputs + r0 * run + begin) * MatMulTile<L, V>.PanelWidth;
                    for (int i = y0; i < y1; i++)
                    {
                        long row = phase.Y.OutputFirst + (long)i * phase.Y.OutputStep;
                        t.A = slab.Pointer + (i - y0) * phase.Y.Step * slab.RowStride + begin;
                        t.Y = first + row * s.Output.W * yStride + column;
                        t.Add = isFirst ? null : t.Y;
                        MatMul<L, V>.Rows(ref t, phase.X.Count, s.GroupOutputs - column);
                    }
                }
            }
        }
    }
}
