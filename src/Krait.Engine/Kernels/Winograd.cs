using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// A 3x3 convolution of stride 1 by Winograd's algorithm. A tile of m x m outputs is transformed to (m + 2)² points;
/// at each point the channels of all tiles meet the weights in one matrix product; the sums are transformed back.
/// </summary>
/// <remarks>Lavin and Gray, arXiv:1509.09308. Lanes are channels.</remarks>
internal static unsafe class Winograd<L, V, A>
    where L : struct, ILanes<V>
    where V : struct
    where A : struct, IWinogradAxis
{
    /// <summary>Inputs of a tile along an axis.</summary>
    static int Side
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => A.Outputs + 2;
    }

    /// <summary>Points of a tile.</summary>
    public static int Points => Side * Side;

    static int Width => MatMulTile<L, V>.PanelWidth;

    /// <summary>Tiles of one plane, row by row.</summary>
    public static int Tiles(ConvShape s) => Across(s.Output.H) * Across(s.Output.W);

    /// <summary>Floats of scratch for so many tiles.</summary>
    public static long ScratchFloats(ConvShape s, int tiles) => new Areas(s, tiles, null).Floats;

    /// <summary>Tiles t0 to t1 of one plane, panels p0 to p1.</summary>
    /// <remarks>
    /// x and y: the plane's first pixel. packed: as <see cref="WinogradPack{L, V, A}"/> leaves it. bias: [O] or null.
    /// scratch: <see cref="ScratchFloats"/>.
    /// </remarks>
    public static void Forward(
        ConvShape s, float* x, long xStride, float* packed, float* bias, int t0, int t1, long p0, long p1,
        float* scratch, float* y, long yStride)
    {
        var areas = new Areas(s, t1 - t0, scratch);
        for (int t = t0; t < t1; t++)
            Input(s, x, xStride, t, areas, areas.Inputs + (t - t0) * areas.Channels);
        long inputs = s.InputChannels;
        for (long p = p0; p < p1; p++)
        {
            for (int k = 0; k < Points; k++)
                MatMul<L, V>.Forward(
                    areas.Inputs + k * areas.InputStep, areas.Channels, 1, inputs,
                    packed + (p * Points + k) * inputs * Width, Width, null, null, 0, 0, t1 - t0, 0, 1,
                    areas.Sums + k * areas.SumStep, Width);
            long column = p * Width, end = Math.Min(column + Width, s.OutputChannels);
            for (int t = t0; t < t1; t++)
                for (long c = column; c < end; c += L.Count)
                {
                    int lanes = (int)Math.Min(L.Count, end - c);
                    V start = bias == null ? L.Zero : Part<L, V>.Load(bias + c, lanes);
                    Output(s, areas, areas.Sums + (t - t0) * Width + c - column, t, start, lanes, y + c, yStride);
                }
        }
    }

    static int Across(int pixels) => (pixels + A.Outputs - 1) / A.Outputs;

    /// <summary>Bᵀ x B of one tile, all channels; to: its place in the first point's rows.</summary>
    static void Input(ConvShape s, float* x, long xStride, int tile, in Areas areas, float* to)
    {
        int across = Across(s.Output.W);
        // Of a transposed convolution, the pad of the direct one that it equals.
        int top = tile / across * A.Outputs - (s.IsTransposed ? 2 - s.Pad.H : s.Pad.H);
        int left = tile % across * A.Outputs - (s.IsTransposed ? 2 - s.Pad.W : s.Pad.W);
        long pixel = xStride, row = s.Input.W * xStride;
        float* from = x + top * row + left * pixel;
        bool isInside = top >= 0 && left >= 0 && top + Side <= s.Input.H && left + Side <= s.Input.W;
        if (!isInside || s.InputChannels < areas.Channels)
        {
            Copy(s, x, xStride, top, left, areas);
            from = areas.Patch;
            (pixel, row) = (areas.Channels, Side * areas.Channels);
        }
        Transform(from, pixel, row, areas.Channels, areas.Lines, to, areas.InputStep);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Transform(float* from, long pixel, long row, long channels, float* lines, float* to, long step)
    {
        for (long c = 0; c < channels; c += L.Count)
        {
            for (int j = 0; j < Side; j++)
                A.Input<L, V>(from + c + j * pixel, row, lines + j * L.Count, Side * L.Count);
            for (int i = 0; i < Side; i++)
                A.Input<L, V>(lines + i * Side * L.Count, L.Count, to + c + i * Side * step, step);
        }
    }

    /// <summary>A tile's inputs with zeros beside the picture and beyond the last channel.</summary>
    static void Copy(ConvShape s, float* x, long xStride, int top, int left, in Areas areas)
    {
        int channels = s.InputChannels;
        float* to = areas.Patch;
        for (int i = top; i < top + Side; i++)
            for (int j = left; j < left + Side; j++, to += areas.Channels)
            {
                var target = new Span<float>(to, (int)areas.Channels);
                target.Clear();
                if ((uint)i < (uint)s.Input.H && (uint)j < (uint)s.Input.W)
                    new Span<float>(x + ((long)i * s.Input.W + j) * xStride, channels).CopyTo(target);
            }
    }

    /// <summary>Aᵀ sums A + bias of one tile and vector of channels, cut off at the picture's edge.</summary>
    static void Output(
        ConvShape s, in Areas areas, float* sums, int tile, V bias, int lanes, float* y, long yStride)
    {
        int across = Across(s.Output.W), top = tile / across * A.Outputs, left = tile % across * A.Outputs;
        int height = Math.Min(A.Outputs, s.Output.H - top), width = Math.Min(A.Outputs, s.Output.W - left);
        long row = s.Output.W * yStride;
        y += top * row + left * yStride;
        if (lanes == L.Count && height == A.Outputs && width == A.Outputs)
        {
            Transform(sums, areas.SumStep, bias, areas.Lines, y, yStride, row);
            return;
        }
        float* whole = areas.Patch;
        Transform(sums, areas.SumStep, bias, areas.Lines, whole, L.Count, A.Outputs * L.Count);
        for (int i = 0; i < height; i++)
            for (int j = 0; j < width; j++)
                L.StoreFirst(L.Load(whole + (i * A.Outputs + j) * L.Count), y + i * row + j * yStride, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Transform(float* sums, long step, V bias, float* lines, float* y, long pixel, long row)
    {
        for (int j = 0; j < Side; j++)
            A.Output<L, V>(sums + j * step, Side * step, L.Zero, lines + j * L.Count, Side * L.Count);
        for (int i = 0; i < A.Outputs; i++)
            A.Output<L, V>(lines + i * Side * L.Count, L.Count, bias, y + i * row, pixel);
    }

    /// <summary>How scratch is cut: points of the inputs, of the sums, and what one tile needs.</summary>
    readonly struct Areas
    {
        /// <summary>Between points, so that they do not all fall into the same sets of the first cache.</summary>
        const int Gap = 16;

        /// <summary>[point, tile, channel]; one tile's copied inputs or outputs; half a transform.</summary>
        public readonly float* Inputs, Sums, Patch, Lines;

        /// <summary>Input channels, filled up to whole vectors, and the floats from one point to the next.</summary>
        public readonly long Channels, InputStep, SumStep, Floats;

        public Areas(ConvShape s, int tiles, float* scratch)
        {
            Channels = (s.InputChannels + L.Count - 1L) / L.Count * L.Count;
            InputStep = Aligned(tiles * Channels);
            SumStep = Aligned((long)tiles * Width);
            Inputs = scratch;
            Sums = Inputs + Points * InputStep;
            Lines = Sums + Points * SumStep;
            Patch = Lines + Aligned(Points * L.Count);
            Floats = Points * (InputStep + SumStep) + Aligned(Points * L.Count)
                + Points * Math.Max(Channels, L.Count);
        }

        static long Aligned(long floats) => (floats + 15) / 16 * 16 + Gap;
    }
}
