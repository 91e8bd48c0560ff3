using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// The projection of the step size in one chunk, raw = bias + dt weight^T, and its gradients: small matrix products
/// over a plane [step][16], with the tiles of <see cref="MatMul{L, V}"/>.
/// </summary>
static unsafe class ScanStepSize<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Channels = SelectiveScanChunk<L, V>.Channels;

    /// <summary>Row length of dt in scratch: whole registers and whole tiles of four.</summary>
    public static int DtStride(int rank)
    {
        int unit = Math.Max(4, L.Count);
        return (rank + unit - 1) / unit * unit;
    }

    /// <summary>Floats of a block's weight, packed for either product.</summary>
    public static int WeightFloats(int rank) => Whole(rank) * Whole(Channels);

    /// <summary>Where weight [channel, r] lies for <see cref="Forward"/>.</summary>
    public static int WeightIndex(int channel, int r, int rank)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        return (channel / width * width * rank) + (r * width) + (channel % width);
    }

    /// <summary>Where weight [channel, r] lies for <see cref="Backward"/>.</summary>
    public static int BackwardWeightIndex(int channel, int r)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        return (r / width * width * Channels) + (channel * width) + (r % width);
    }

    /// <summary>raw = bias + dt weight^T for so many registers of channels.</summary>
    public static void Forward(int vectors, int steps, int rank, float* dt, int dtStride, float* weight, float* bias,
        float* raw)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        for (int c = 0; c < vectors * L.Count; c += width)
        {
            MatMulTileArgs t = Product(dt, dtStride, 1, rank, weight + (c * rank), width);
            t.Init = bias + c;
            t.Y = raw + c;
            t.YStride = Channels;
            MatMul<L, V>.Rows(ref t, steps, Columns(vectors * L.Count - c));
        }
    }

    /// <summary>ddt += draw weight. Writes whole rows of dtStride.</summary>
    public static void Backward(int channels, int steps, int dtStride, float* draw, float* weight, float* ddt)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        for (int r = 0; r < dtStride; r += width)
        {
            MatMulTileArgs t = Product(draw, Channels, 1, channels, weight + (r * Channels), width);
            t.Y = t.Add = ddt + r;
            t.YStride = t.AddStride = dtStride;
            MatMul<L, V>.Rows(ref t, steps, Columns(dtStride - r));
        }
    }

    /// <summary>dWeight [rank][16] += dt^T draw.</summary>
    public static void WeightBackward(int vectors, int steps, int rank, float* dt, int dtStride, float* draw,
        float* dWeight)
    {
        for (int c = 0; c < vectors * L.Count; c += MatMulTile<L, V>.PanelWidth)
        {
            MatMulTileArgs t = Product(dt, 1, dtStride, steps, draw + c, Channels);
            t.Y = t.Add = dWeight + c;
            t.YStride = t.AddStride = Channels;
            MatMul<L, V>.Rows(ref t, rank, Columns(vectors * L.Count - c));
        }
    }

    static MatMulTileArgs Product(float* a, long rowStride, long stepStride, long steps, float* b, long bStride)
    {
        MatMulTileArgs t = default;
        t.A = a;
        t.RowStride = rowStride;
        t.StepStride = stepStride;
        t.Steps = steps;
        t.Segments = 1;
        t.B = b;
        t.BStride = bStride;
        return t;
    }

    /// <summary>One register or two: scratch is padded to whole ones.</summary>
    static int Columns(int left) => left > L.Count ? 2 * L.Count : L.Count;

    static int Whole(int columns)
    {
        int width = MatMulTile<L, V>.PanelWidth;
        return (columns + width - 1) / width * width;
    }
}
