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
        ((2 + (2 * GroupBlocks)) * PlaneFloats) + SelectiveScanChunk<L, V>.CoupleFloats(shape.N)
        + (Steps * DtStride(shape.R)) + (blocks * (long)BlockFloats(shape));

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
        int* positions = stackalloc int[Steps];
        for (int k = 0; k < Ss2dShape.Directions; k++)
        {
            for (int j = 0; j < blocks; j++)
            {
                var block = planes.Block(shape, j);
                LoadBlock(shape, p, k, firstBlock + j, block.A2, block.Weight, block.Bias, block.Skip);
                new Span<float>(block.H, shape.StateFloats).Clear();
            }
            bool add = k > 0 && directionStride == 0;
            for (int chunk = 0; chunk < shape.Chunks; chunk++)
            {
                int steps = WalkChunk(shape, k, chunk, positions);
                GatherProjection(shape, k, projection, projectionStride, positions, steps, planes.Dt, planes.Couples);
                for (int j = 0; j < blocks; j += GroupBlocks)
                {
                    int first = (firstBlock + j) * Channels, group = Math.Min(GroupBlocks, blocks - j);
                    int channels = Math.Min(group * Channels, shape.D - first);
                    ScanRows<L, V>.GatherBlocks(x + first, xStride, positions, steps, channels, planes.U);
                    for (int i = 0; i < group; i++)
                    {
                        var block = planes.Block(shape, j + i);
                        if (states != null)
                            new Span<float>(block.H, shape.StateFloats).CopyTo(new Span<float>(
                                StateAt(shape, states, k, chunk, firstBlock + j + i), shape.StateFloats));
                        ForwardChunk(shape, shape.ChannelsOf(firstBlock + j + i), steps, planes, i * PlaneFloats, block);
                    }
                    ScanRows<L, V>.ScatterBlocks(planes.Y, positions, steps, channels, add, yStride,
                        y + (k * directionStride) + first);
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

    static void ForwardChunk(in Ss2dShape shape, int channels, int steps, in ForwardScratchOf planes, int plane,
        in ForwardBlock block)
    {
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        float* y = planes.Y + plane;
        ScanStepSize<L, V>.Forward(vectors, steps, shape.R, planes.Dt, DtStride(shape.R), block.Weight,
            block.Bias, planes.Delta);
        SelectiveScanChunk<L, V>.Softplus(vectors, steps, planes.Delta, null);
        SelectiveScanPlane<L, V>.Start(vectors, steps, planes.U + plane, planes.Delta, block.Skip, planes.DeltaU, y);
        SelectiveScanChunk<L, V>.Forward(vectors, steps, shape.PaddedN, block.A2, planes.Delta, planes.DeltaU,
            planes.Couples, block.H, y);
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

    /// <summary>Scratch that all blocks share: planes of u and y for each block of a group.</summary>
    readonly struct ForwardScratchOf
    {
        public readonly float* U, Y, Delta, DeltaU, Couples, Dt;
        readonly float* _blocks;

        public ForwardScratchOf(in Ss2dShape shape, float* scratch)
        {
            U = scratch;
            Y = U + (GroupBlocks * PlaneFloats);
            Delta = Y + (GroupBlocks * PlaneFloats);
            DeltaU = Delta + PlaneFloats;
            Couples = DeltaU + PlaneFloats;
            Dt = Couples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            _blocks = Dt + (Steps * DtStride(shape.R));
        }

        public ForwardBlock Block(in Ss2dShape shape, int j) => new(shape, _blocks + (j * (long)BlockFloats(shape)));
    }

    /// <summary>What one block keeps along a direction.</summary>
    readonly struct ForwardBlock
    {
        public readonly float* A2, H, Weight, Bias, Skip;

        public ForwardBlock(in Ss2dShape shape, float* scratch)
        {
            A2 = scratch;
            H = A2 + shape.StateFloats;
            Weight = H + shape.StateFloats;
            Bias = Weight + ScanStepSize<L, V>.WeightFloats(shape.R);
            Skip = Bias + Channels;
        }
    }
}
