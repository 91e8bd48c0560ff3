using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Selective scan: h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t;  y_t = (C_t h_t + skip u_t) SiLU(z_t), with
/// delta = softplus(raw + bias) or raw + bias. Steps are rows, lanes are channels.
/// </summary>
/// <remarks>Mamba, arXiv:2312.00752, equation (2a).</remarks>
public static unsafe partial class SelectiveScan<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Steps = SelectiveScanChunk<L, V>.Steps;
    const int Channels = SelectiveScanChunk<L, V>.Channels;
    const int PlaneFloats = SelectiveScanChunk<L, V>.PlaneFloats;

    /// <summary>Floats of scratch for <see cref="Forward"/>.</summary>
    public static long ForwardScratch(in SelectiveScanShape shape, int blocks) =>
        (5 * PlaneFloats) + SelectiveScanChunk<L, V>.CoupleFloats(shape.N)
        + (blocks * (long)((2 * shape.StateFloats) + (2 * Channels)));

    /// <summary>One sample, the blocks [firstBlock, firstBlock + blocks) of one group: writes y and last.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="x">The sample's operands.</param>
    /// <param name="softplus">Whether softplus makes the step size.</param>
    /// <param name="firstBlock">First block.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="scratch"><see cref="ForwardScratch"/> floats.</param>
    /// <param name="states">Where states at chunk starts are kept for the backward, or null.</param>
    /// <param name="y">[L, D].</param>
    /// <param name="last">[D, N]: the state after the last step; may be missing.</param>
    public static void Forward(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int firstBlock,
        int blocks, float* scratch, float* states, RowPointer y, RowPointer last)
    {
        var s = new ForwardScratchOf(shape, scratch);
        int* positions = stackalloc int[Steps];
        for (int j = 0; j < blocks; j++)
        {
            var block = new BlockScratch(shape, s.Blocks, j);
            LoadBlock(shape, x, firstBlock + j, block.A2, block.Bias, block.Skip);
            new Span<float>(block.H, shape.StateFloats).Clear();
        }
        for (int chunk = 0; chunk < shape.Chunks; chunk++)
        {
            int steps = FillPositions(shape, chunk, positions);
            GatherGroup(shape, x, shape.GroupOf(firstBlock), positions, steps, s.Couples);
            for (int j = 0; j < blocks; j++)
            {
                int b = firstBlock + j, first = shape.FirstChannel(b), channels = shape.ChannelsOf(b);
                var block = new BlockScratch(shape, s.Blocks, j);
                if (states != null)
                    new Span<float>(block.H, shape.StateFloats).CopyTo(
                        new Span<float>(StateAt(shape, states, chunk, b), shape.StateFloats));
                ScanRows<L, V>.Gather(x.U.Start + first, x.U.Stride, positions, steps, channels, s.U);
                StepSize(x.Delta, first, channels, positions, steps, softplus, block.Bias, s.Delta, null);
                int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
                SelectiveScanPlane<L, V>.Start(vectors, steps, s.U, s.Delta, block.Skip, s.DeltaU, s.Y);
                SelectiveScanChunk<L, V>.Forward(vectors, steps, shape.PaddedN, block.A2, s.Delta, s.DeltaU, s.Couples,
                    block.H, s.Y);
                if (x.Gate.Exists)
                {
                    ScanRows<L, V>.Gather(x.Gate.Start + first, x.Gate.Stride, positions, steps, channels,
                        s.Gate);
                    SelectiveScanPlane<L, V>.Gate(vectors, steps, s.Gate, s.Y);
                }
                ScanRows<L, V>.Scatter(s.Y, positions, steps, channels, false, y.Stride, y.Start + first);
            }
        }
        for (int j = 0; j < blocks && last.Exists; j++)
            StoreStates(shape, firstBlock + j, new BlockScratch(shape, s.Blocks, j).H, last);
    }

    static int FillPositions(in SelectiveScanShape shape, int chunk, int* positions)
    {
        int steps = Math.Min(Steps, shape.L - (chunk * Steps));
        for (int i = 0; i < steps; i++)
            positions[i] = (chunk * Steps) + i;
        return steps;
    }

    static void GatherGroup(in SelectiveScanShape shape, in SelectiveScanOperands x, int group, int* positions,
        int steps, float* couples)
    {
        ScanCouples<L, V>.Gather(x.B.At(group), x.B.Stride * shape.G, x.C.At(group),
            x.C.Stride * shape.G, positions, steps, shape.N, couples);
    }

    /// <summary>delta = raw + bias, through softplus where that is asked for.</summary>
    static void StepSize(RowPointer raw, int first, int channels, int* positions, int steps, bool softplus, float* bias,
        float* delta, float* slope)
    {
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        ScanRows<L, V>.Gather(raw.Start + first, raw.Stride, positions, steps, channels, delta);
        SelectiveScanPlane<L, V>.AddToAll(vectors, steps, bias, delta);
        if (softplus)
            SelectiveScanChunk<L, V>.Softplus(vectors, steps, delta, slope);
    }

    static float* StateAt(in SelectiveScanShape shape, float* states, int chunk, int block) =>
        states + ((((long)chunk * shape.Blocks) + block) * shape.StateFloats);

    /// <summary>A2 = A log2(e) as [N][16], bias and skip of one block, zero where missing.</summary>
    static void LoadBlock(in SelectiveScanShape shape, in SelectiveScanOperands x, int block, float* a2, float* bias,
        float* skip)
    {
        int first = shape.FirstChannel(block), channels = shape.ChannelsOf(block);
        new Span<float>(a2, shape.StateFloats).Clear();
        for (int c = 0; c < channels; c++)
        {
            float* row = x.A.At(first + c);
            for (int n = 0; n < shape.N; n++)
                a2[(n * Channels) + c] = row[n] * SelectiveScanChunk<L, V>.Log2E;
        }
        for (int c = 0; c < Channels; c++)
        {
            bias[c] = c < channels && x.DeltaBias.Exists ? x.DeltaBias.Start[first + c] : 0f;
            skip[c] = c < channels && x.Skip.Exists ? x.Skip.Start[first + c] : 0f;
        }
    }

    static void StoreStates(in SelectiveScanShape shape, int block, float* h, RowPointer states)
    {
        int first = shape.FirstChannel(block);
        for (int c = 0; c < shape.ChannelsOf(block); c++)
        {
            float* row = states.At(first + c);
            for (int n = 0; n < shape.N; n++)
                row[n] = h[(n * Channels) + c];
        }
    }

    /// <summary>Scratch that all blocks share.</summary>
    readonly struct ForwardScratchOf
    {
        public readonly float* U, Delta, DeltaU, Y, Gate, Couples, Blocks;

        public ForwardScratchOf(in SelectiveScanShape shape, float* scratch)
        {
            U = scratch;
            Delta = U + PlaneFloats;
            DeltaU = Delta + PlaneFloats;
            Y = DeltaU + PlaneFloats;
            Gate = Y + PlaneFloats;
            Couples = Gate + PlaneFloats;
            Blocks = Couples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
        }
    }

    /// <summary>What one block keeps along the scan.</summary>
    readonly struct BlockScratch
    {
        public readonly float* A2, H, Bias, Skip;

        public BlockScratch(in SelectiveScanShape shape, float* blocks, int j)
        {
            A2 = blocks + (j * (long)((2 * shape.StateFloats) + (2 * Channels)));
            H = A2 + shape.StateFloats;
            Bias = H + shape.StateFloats;
            Skip = Bias + Channels;
        }
    }
}
