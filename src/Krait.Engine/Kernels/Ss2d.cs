using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// SS2D in one pass over channels-last data: four selective scans along four walks over the picture (row-major,
/// column-major, both reversed), whose results are summed where they belong. Nothing is flipped or transposed.
/// </summary>
/// <remarks>VMamba, arXiv:2401.10166, section 4.2. A = -exp(A_logs); delta = softplus(dt_w dt + dt_bias).</remarks>
public static unsafe partial class Ss2d<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const int Steps = SelectiveScanChunk<L, V>.Steps;
    const int Channels = SelectiveScanChunk<L, V>.Channels;
    const int PlaneFloats = SelectiveScanChunk<L, V>.PlaneFloats;

    static int DtStride(int rank) => ScanStepSize<L, V>.DtStride(rank);

    /// <summary>Floats of scratch for <see cref="Forward"/>.</summary>
    public static long ForwardScratch(in Ss2dShape shape, int blocks) =>
        (4 * PlaneFloats) + SelectiveScanChunk<L, V>.CoupleFloats(shape.N) + (Steps * DtStride(shape.R))
        + (blocks * (long)BlockFloats(shape));

    static int BlockFloats(in Ss2dShape shape) =>
        (2 * shape.StateFloats) + ScanStepSize<L, V>.WeightFloats(shape.R) + (2 * Channels);

    /// <summary>One sample, the channel blocks [firstBlock, firstBlock + blocks): writes y.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="firstBlock">First block of 16 channels.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="x">[L, D], rows xStride apart.</param>
    /// <param name="projection">[L, 4 (R + 2 N)], rows projectionStride apart.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="scratch"><see cref="ForwardScratch"/> floats.</param>
    /// <param name="states">Where states at chunk starts are kept for the backward, or null.</param>
    /// <param name="y">[L, D], rows yStride apart.</param>
    /// <param name="directionStride">0: y is the sum; else direction k goes to y + k directionStride.</param>
    public static void Forward(in Ss2dShape shape, int firstBlock, int blocks, float* x, long xStride,
        float* projection, long projectionStride, in Ss2dParameters p, float* scratch, float* states, float* y,
        long yStride, long directionStride)
    {
        var planes = new ForwardScratchOf(shape, scratch);
        int* positions = stackalloc int[2 * Steps];
        int* next = positions + Steps;
        for (int k = 0; k < Ss2dShape.Directions; k++)
        {
            for (int j = 0; j < blocks; j++)
            {
                var block = new BlockScratch(shape, planes.Blocks + (j * (long)BlockFloats(shape)));
                LoadBlock(shape, p, k, firstBlock + j, block.A2, block.Weight, block.Bias, block.Skip);
                new Span<float>(block.H, shape.StateFloats).Clear();
            }
            float* yk = y + (k * directionStride);
            bool add = k > 0 && directionStride == 0;
            for (int chunk = 0; chunk < shape.Chunks; chunk++)
            {
                int steps = WalkChunk(shape, k, chunk, positions);
                if (chunk + 1 < shape.Chunks)
                {
                    int nextSteps = WalkChunk(shape, k, chunk + 1, next);
                    PrefetchRows(shape, k, next, nextSteps, projection, projectionStride);
                    PrefetchBlocks(shape, firstBlock, blocks, next, nextSteps, x, xStride);
                    if (add)
                        PrefetchBlocks(shape, firstBlock, blocks, next, nextSteps, yk, yStride);
                }
                GatherProjection(shape, k, projection, projectionStride, positions, steps, planes.Dt, planes.Couples);
                for (int j = 0; j < blocks; j++)
                {
                    int b = firstBlock + j;
                    var block = new BlockScratch(shape, planes.Blocks + (j * (long)BlockFloats(shape)));
                    if (states != null)
                        Buffer.MemoryCopy(block.H, StateAt(shape, states, k, chunk, b), shape.StateFloats * 4L,
                            shape.StateFloats * 4L);
                    ScanRows<L, V>.Gather(x + (b * Channels), xStride, positions, steps,
                        shape.ChannelsOf(b), planes.U);
                    ForwardChunk(shape, shape.ChannelsOf(b), steps, planes, block);
                    ScanRows<L, V>.Scatter(planes.Y, positions, steps, shape.ChannelsOf(b), add, yStride,
                        yk + (b * Channels));
                }
            }
        }
    }

    /// <summary>Positions of a chunk; returns their number.</summary>
    static int WalkChunk(in Ss2dShape shape, int direction, int chunk, int* positions)
    {
        int steps = Math.Min(Steps, shape.L - (chunk * Steps));
        shape.Walk(direction, chunk * Steps, steps, positions);
        return steps;
    }

    static void PrefetchRows(in Ss2dShape shape, int direction, int* positions, int steps, float* projection,
        long stride) =>
        ScanRows<L, V>.Prefetch(projection + (direction * shape.DirectionWidth), stride, positions, steps,
            shape.DirectionWidth);

    static void PrefetchBlocks(in Ss2dShape shape, int firstBlock, int blocks, int* positions, int steps, float* x,
        long stride)
    {
        int first = firstBlock * Channels;
        ScanRows<L, V>.Prefetch(x + first, stride, positions, steps,
            Math.Min(blocks * Channels, shape.D - first));
    }

    static void ForwardChunk(in Ss2dShape shape, int channels, int steps, in ForwardScratchOf planes,
        in BlockScratch block)
    {
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        ScanStepSize<L, V>.Forward(vectors, steps, shape.R, planes.Dt, DtStride(shape.R), block.Weight,
            block.Bias, planes.Delta);
        SelectiveScanChunk<L, V>.Softplus(vectors, steps, planes.Delta, null);
        SelectiveScanPlane<L, V>.Start(vectors, steps, planes.U, planes.Delta, block.Skip, planes.DeltaU, planes.Y);
        SelectiveScanChunk<L, V>.Forward(vectors, steps, shape.PaddedN, block.A2, planes.Delta, planes.DeltaU,
            planes.Couples, block.H, planes.Y);
    }

    static float* StateAt(in Ss2dShape shape, float* states, int direction, int chunk, int block) =>
        states + (((((long)direction * shape.Chunks) + chunk) * shape.Blocks + block) * shape.StateFloats);

    /// <summary>dt rows (padding is anything) and couples of B and C at the positions.</summary>
    static void GatherProjection(in Ss2dShape shape, int direction, float* projection, long stride, int* positions,
        int steps, float* dt, float* couples)
    {
        float* from = projection + (direction * shape.DirectionWidth);
        int dtStride = DtStride(shape.R);
        float* b = from + shape.R;
        for (int i = 0; i < steps; i++, couples += 8)
        {
            ScanRows<L, V>.AskAhead(from, stride, positions, i, steps, shape.DirectionWidth);
            float* row = from + (positions[i] * stride);
            float* to = dt + (i * dtStride);
            if (dtStride <= shape.DirectionWidth)
                for (int r = 0; r < dtStride; r += L.Count)
                    L.Store(L.Load(row + r), to + r);
            else
                for (int r = 0; r < shape.R; r++)
                    to[r] = row[r];
            ScanCouples<L, V>.Gather(b, stride, b + shape.N, stride, positions + i, 1, shape.N, couples);
        }
    }

    /// <summary>A2 = -exp(A_logs) log2(e), the packed dt weight, bias and skip of one block and direction.</summary>
    static void LoadBlock(in Ss2dShape shape, in Ss2dParameters p, int direction, int block, float* a2, float* weight,
        float* bias, float* skip)
    {
        int first = (direction * shape.D) + (block * Channels);
        int channels = shape.ChannelsOf(block);
        new Span<float>(a2, shape.StateFloats).Clear();
        new Span<float>(weight, ScanStepSize<L, V>.WeightFloats(shape.R)).Clear();
        for (int c = 0; c < channels; c++)
        {
            float* logs = p.ALogs(first + c);
            for (int n = 0; n < shape.N; n++)
                a2[(n * Channels) + c] = logs[n];
            float* row = p.DtWeight(first + c);
            for (int r = 0; r < shape.R; r++)
                weight[ScanStepSize<L, V>.WeightIndex(c, r, shape.R)] = row[r];
        }
        V scale = L.Set(-SelectiveScanChunk<L, V>.Log2E);
        for (int n = 0; n < shape.N; n++)
            for (int c = 0; c < Channels; c += L.Count)
            {
                float* at = a2 + (n * Channels) + c;
                L.Store(L.Mul(VectorMath<L, V>.Exp(L.Load(at)), scale), at);
            }
        float* biasRow = p.DtBias(direction) + (block * Channels);
        for (int c = 0; c < Channels; c++)
        {
            bias[c] = c < channels ? biasRow[c] : 0f;
            skip[c] = c < channels ? p.Ds[first + c] : 0f;
        }
    }

    /// <summary>Scratch that all blocks share.</summary>
    readonly struct ForwardScratchOf
    {
        public readonly float* U, Delta, DeltaU, Y, Couples, Dt, Blocks;

        public ForwardScratchOf(in Ss2dShape shape, float* scratch)
        {
            U = scratch;
            Delta = U + PlaneFloats;
            DeltaU = Delta + PlaneFloats;
            Y = DeltaU + PlaneFloats;
            Couples = Y + PlaneFloats;
            Dt = Couples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            Blocks = Dt + (Steps * DtStride(shape.R));
        }
    }

    /// <summary>What one block keeps along a direction.</summary>
    readonly struct BlockScratch
    {
        public readonly float* A2, H, Weight, Bias, Skip;

        public BlockScratch(in Ss2dShape shape, float* scratch)
        {
            A2 = scratch;
            H = A2 + shape.StateFloats;
            Weight = H + shape.StateFloats;
            Bias = Weight + ScanStepSize<L, V>.WeightFloats(shape.R);
            Skip = Bias + Channels;
        }
    }
}
