using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Selective scan: h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t;  y_t = (C_t h_t + skip u_t) SiLU(z_t), with
/// delta = softplus(raw + bias) or raw + bias, where raw is given or made by a step weight. Steps are rows, lanes are
/// channels.
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
        (5 * PlaneFloats) + SelectiveScanChunk<L, V>.CoupleFloats(shape.N) + (blocks * (long)BlockFloats(shape));

    static int BlockFloats(in SelectiveScanShape shape) =>
        (2 * shape.StateFloats) + (2 * Channels) + ScanStepSize<L, V>.WeightFloats(shape.R);

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
    /// <param name="continues">Whether last holds the state to start from; else that is 0.</param>
    public static void Forward(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int firstBlock,
        int blocks, float* scratch, float* states, RowPointer y, RowPointer last, bool continues = false)
    {
        var s = new ForwardScratchOf(shape, scratch);
        int* positions = stackalloc int[Steps];
        for (int j = 0; j < blocks; j++)
        {
            var block = new BlockScratch(shape, s.Blocks, j);
            LoadBlock(shape, x, firstBlock + j, block.A2, block.Bias, block.Skip, block.Weight);
            new Span<float>(block.H, shape.StateFloats).Clear();
            if (continues)
                LoadStates(shape, firstBlock + j, last, block.H);
        }
        bool inPlace = shape.GroupChannels % L.Count == 0;
        bool couplesInPlace = inPlace && shape.N == shape.PaddedN && x.B.Stride == x.C.Stride;
        for (int chunk = 0; chunk < shape.Chunks; chunk++)
        {
            if (!inPlace)
                foreach (RowPointer rows in (ReadOnlySpan<RowPointer>)[x.U, x.Gate, y])
                    Prefetch(shape, rows, firstBlock, blocks, chunk + 1, positions);
            int steps = FillPositions(shape, chunk, positions);
            if (!couplesInPlace)
                GatherGroup(shape, x, shape.GroupOf(firstBlock), positions, steps, s.Couples);
            for (int j = 0; j < blocks; j++)
            {
                int b = firstBlock + j;
                var block = new BlockScratch(shape, s.Blocks, j);
                if (states != null)
                    new Span<float>(block.H, shape.StateFloats).CopyTo(
                        new Span<float>(StateAt(shape, states, chunk, b), shape.StateFloats));
                ForwardChunk(shape, x, softplus, b, positions, steps, inPlace, couplesInPlace, s, block, y);
            }
        }
        for (int j = 0; j < blocks && last.Exists; j++)
            StoreStates(shape, firstBlock + j, new BlockScratch(shape, s.Blocks, j).H, last);
    }

    /// <summary>One chunk of one block.</summary>
    static void ForwardChunk(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int index,
        int* positions, int steps, bool inPlace, bool couplesInPlace, in ForwardScratchOf s, in BlockScratch block,
        RowPointer y)
    {
        int first = shape.FirstChannel(index), channels = shape.ChannelsOf(index);
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        StepSize(shape, x.Delta, index, positions, steps, softplus, block.Weight, block.Bias, s.Delta, null);
        if (inPlace)
        {
            SelectiveScanRows<L, V>.Start(vectors, steps, x.U.At(positions[0]) + first, x.U.Stride, Steps * x.U.Stride,
                s.Delta, block.Skip, s.DeltaU, s.Y);
        }
        else
        {
            ScanRows<L, V>.Gather(x.U.Start + first, x.U.Stride, positions, steps, channels, s.U);
            SelectiveScanPlane<L, V>.Start(vectors, steps, s.U, s.Delta, block.Skip, s.DeltaU, s.Y);
        }
        if (couplesInPlace)
        {
            long row = ((long)positions[0] * shape.G) + shape.GroupOf(index);
            SelectiveScanChunk<L, V>.ForwardFrom(vectors, steps, shape.N, block.A2, s.Delta, s.DeltaU, x.B.At(row),
                x.C.At(row), x.B.Stride * shape.G, 1, block.H, s.Y);
        }
        else
        {
            SelectiveScanChunk<L, V>.Forward(vectors, steps, shape.PaddedN, block.A2, s.Delta, s.DeltaU, s.Couples,
                block.H, s.Y);
        }
        if (inPlace && x.Gate.Exists)
        {
            SelectiveScanRows<L, V>.Gate(vectors, steps, s.Y, x.Gate.At(positions[0]) + first, x.Gate.Stride,
                y.At(positions[0]) + first, y.Stride);
            return;
        }
        if (x.Gate.Exists)
        {
            ScanRows<L, V>.Gather(x.Gate.Start + first, x.Gate.Stride, positions, steps, channels, s.Gate);
            Silu<L, V>.Gate(s.Gate, steps * Channels, s.Y);
        }
        ScanRows<L, V>.Scatter(s.Y, positions, steps, channels, false, y.Stride, y.Start + first);
    }

    static int FillPositions(in SelectiveScanShape shape, int chunk, int* positions)
    {
        int steps = Math.Min(Steps, shape.L - (chunk * Steps));
        for (int i = 0; i < steps; i++)
            positions[i] = (chunk * Steps) + i;
        return steps;
    }

    /// <summary>
    /// Asks for the blocks' channels of a chunk ahead of its time: a block reads a line of every row, and no processor
    /// foresees several such walks at once. A chunk beyond the ends asks for nothing.
    /// </summary>
    static void Prefetch(in SelectiveScanShape shape, RowPointer rows, int firstBlock, int blocks, int chunk,
        int* positions)
    {
        if (!rows.Exists || (uint)chunk >= (uint)shape.Chunks)
            return;
        int last = firstBlock + blocks - 1, first = shape.FirstChannel(firstBlock);
        ScanRows<L, V>.Prefetch(rows.Start + first, rows.Stride, positions, FillPositions(shape, chunk, positions),
            shape.FirstChannel(last) + shape.ChannelsOf(last) - first);
    }

    static void GatherGroup(in SelectiveScanShape shape, in SelectiveScanOperands x, int group, int* positions,
        int steps, float* couples)
    {
        ScanCouples<L, V>.Gather(x.B.At(group), x.B.Stride * shape.G, x.C.At(group),
            x.C.Stride * shape.G, positions, steps, shape.N, couples);
    }

    /// <summary>delta = raw + bias, through softplus where that is asked for; raw is made by the weight if R > 0.</summary>
    static void StepSize(in SelectiveScanShape shape, RowPointer raw, int block, int* positions, int steps,
        bool softplus, float* weight, float* bias, float* delta, float* slope)
    {
        int channels = shape.ChannelsOf(block), vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        if (shape.R > 0)
        {
            ScanStepSize<L, V>.Forward(vectors, steps, shape.R, raw.At(positions[0]), (int)raw.Stride, weight, bias,
                delta);
        }
        else
        {
            ScanRows<L, V>.Gather(raw.Start + shape.FirstChannel(block), raw.Stride, positions, steps, channels, delta);
            SelectiveScanPlane<L, V>.AddToAll(vectors, steps, bias, delta);
        }
        if (softplus)
            SelectiveScanChunk<L, V>.Softplus(vectors, steps, delta, slope);
    }

    static float* StateAt(in SelectiveScanShape shape, float* states, int chunk, int block) =>
        states + ((((long)chunk * shape.Blocks) + block) * shape.StateFloats);

    /// <summary>A2 = A log2(e) as [N][16], bias, skip and packed step weight of one block, zero where missing.</summary>
    static void LoadBlock(in SelectiveScanShape shape, in SelectiveScanOperands x, int block, float* a2, float* bias,
        float* skip, float* weight)
    {
        int first = shape.FirstChannel(block), channels = shape.ChannelsOf(block);
        new Span<float>(a2, shape.StateFloats).Clear();
        new Span<float>(weight, ScanStepSize<L, V>.WeightFloats(shape.R)).Clear();
        for (int c = 0; c < channels; c++)
        {
            float* row = x.A.At(first + c);
            for (int n = 0; n < shape.N; n++)
                a2[(n * Channels) + c] = row[n] * SelectiveScanChunk<L, V>.Log2E;
            for (int r = 0; r < shape.R; r++)
                weight[ScanStepSize<L, V>.WeightIndex(c, r, shape.R)] = x.StepWeight.At(first + c)[r];
        }
        for (int c = 0; c < Channels; c++)
        {
            bias[c] = c < channels && x.DeltaBias.Exists ? x.DeltaBias.Start[first + c] : 0f;
            skip[c] = c < channels && x.Skip.Exists ? x.Skip.Start[first + c] : 0f;
        }
    }

    static void LoadStates(in SelectiveScanShape shape, int block, RowPointer states, float* h)
    {
        int first = shape.FirstChannel(block);
        for (int c = 0; c < shape.ChannelsOf(block); c++)
        {
            float* row = states.At(first + c);
            for (int n = 0; n < shape.N; n++)
                h[(n * Channels) + c] = row[n];
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
        public readonly float* A2, H, Bias, Skip, Weight;

        public BlockScratch(in SelectiveScanShape shape, float* blocks, int j)
        {
            A2 = blocks + (j * (long)BlockFloats(shape));
            H = A2 + shape.StateFloats;
            Bias = H + shape.StateFloats;
            Skip = Bias + Channels;
            Weight = Skip + Channels;
        }
    }
}
