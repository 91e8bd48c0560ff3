using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class Ss2d<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Blocks whose rows are read and written together; their planes stay in the second cache.</summary>
    const int GroupBlocks = 8;

    /// <summary>Floats of scratch for <see cref="Backward"/>.</summary>
    public static long BackwardScratch(in Ss2dShape shape, int blocks) =>
        ((4 + (3 * GroupBlocks)) * PlaneFloats) + SelectiveScanChunk<L, V>.PassFloats
        + (2 * SelectiveScanChunk<L, V>.CoupleFloats(shape.N)) + (2 * Steps * DtStride(shape.R))
        + (blocks * (long)BackwardBlockFloats(shape));

    static int BackwardBlockFloats(in Ss2dShape shape) =>
        (3 * shape.StateFloats) + (2 * ScanStepSize<L, V>.WeightFloats(shape.R)) + ((shape.R + 4) * Channels);

    /// <summary>
    /// Gradients of <see cref="Forward"/> for one sample and the channel blocks [firstBlock, firstBlock + blocks).
    /// Walks the chunks of each direction backwards and recomputes the states inside a chunk from the saved ones.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="firstBlock">First block of 16 channels.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="x">[L, D], rows xStride apart.</param>
    /// <param name="projection">[L, 4 (R + 2 N)], rows projectionStride apart.</param>
    /// <param name="p">The parameters.</param>
    /// <param name="states">What the forward kept.</param>
    /// <param name="dy">[L, D] of the sum, or of direction k at dy + k directionStride.</param>
    /// <param name="dyStride">Floats between rows of dy.</param>
    /// <param name="directionStride">0: dy is of the sum.</param>
    /// <param name="scratch"><see cref="BackwardScratch"/> floats.</param>
    /// <param name="dx">Writes the blocks' channels.</param>
    /// <param name="dProjection">Writes whole rows: the sum over these blocks only.</param>
    /// <param name="dp">Writes the blocks' rows, for this sample.</param>
    public static void Backward(in Ss2dShape shape, int firstBlock, int blocks, float* x, long xStride,
        float* projection, long projectionStride, in Ss2dParameters p, float* states, float* dy, long dyStride,
        long directionStride, float* scratch, float* dx, long dxStride, float* dProjection, long dProjectionStride,
        in Ss2dParameters dp)
    {
        var planes = new BackwardScratchOf(shape, scratch);
        int* positions = stackalloc int[Steps];
        int dtStride = DtStride(shape.R);
        for (int k = 0; k < Ss2dShape.Directions; k++)
        {
            for (int j = 0; j < blocks; j++)
                StartBlock(shape, p, k, firstBlock + j, planes.Block(shape, j));
            float* dProjectionK = dProjection + (k * shape.DirectionWidth);
            for (int chunk = shape.Chunks - 1; chunk >= 0; chunk--)
            {
                int steps = WalkChunk(shape, k, chunk, positions);
                GatherProjection(shape, k, projection, projectionStride, positions, steps, planes.Dt, planes.Couples);
                new Span<float>(planes.DCouples, SelectiveScanChunk<L, V>.CoupleFloats(shape.N)).Clear();
                new Span<float>(planes.DDt, Steps * dtStride).Clear();
                for (int j = 0; j < blocks; j += GroupBlocks)
                {
                    int first = (firstBlock + j) * Channels, group = Math.Min(GroupBlocks, blocks - j);
                    int channels = Math.Min(group * Channels, shape.D - first);
                    ScanRows<L, V>.GatherBlocks(x + first, xStride, positions, steps, channels, planes.U);
                    ScanRows<L, V>.GatherBlocks(dy + (k * directionStride) + first, dyStride, positions, steps,
                        channels, planes.Dy);
                    for (int i = 0; i < group; i++)
                        BackwardChunk(shape, shape.ChannelsOf(firstBlock + j + i), steps,
                            StateAt(shape, states, k, chunk, firstBlock + j + i), planes, i * PlaneFloats,
                            planes.Block(shape, j + i));
                    ScanRows<L, V>.ScatterBlocks(planes.DDeltaU, positions, steps, channels, k > 0, dxStride,
                        dx + first);
                }
                ScatterProjection(shape, positions, steps, planes, dProjectionStride, dProjectionK);
            }
            for (int j = 0; j < blocks; j++)
                StoreBlock(shape, k, firstBlock + j, planes.Block(shape, j), dp);
        }
    }

    static void BackwardChunk(in Ss2dShape shape, int channels, int steps, float* start, in BackwardScratchOf planes,
        int plane, in BackwardBlock block)
    {
        float* u = planes.U + plane, dy = planes.Dy + plane, dDeltaU = planes.DDeltaU + plane;
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        int dtStride = DtStride(shape.R);
        ScanStepSize<L, V>.Forward(vectors, steps, shape.R, planes.Dt, dtStride, block.Weight, block.Bias,
            planes.Delta);
        SelectiveScanChunk<L, V>.Softplus(vectors, steps, planes.Delta, planes.Slope);
        SelectiveScanPlane<L, V>.Start(vectors, steps, u, planes.Delta, null, planes.DeltaU, null);
        SelectiveScanChunk<L, V>.Backward(vectors, steps, shape.PaddedN, block.A2, planes.Delta, planes.DeltaU,
            planes.Couples, start, dy, planes.Pass, block.Dh, block.Da, planes.DCouples, dDeltaU, planes.DDelta);
        SelectiveScanPlane<L, V>.Finish(vectors, steps, u, planes.Delta, planes.Slope, dy, block.Skip,
            dDeltaU, planes.DDelta, block.DSkip, block.DBias);
        ScanStepSize<L, V>.Backward(channels, steps, dtStride, planes.DDelta, block.WeightRows, planes.DDt);
        ScanStepSize<L, V>.WeightBackward(vectors, steps, shape.R, planes.Dt, dtStride, planes.DDelta,
            block.DWeight);
    }

    static void StartBlock(in Ss2dShape shape, in Ss2dParameters p, int direction, int index, in BackwardBlock block)
    {
        LoadBlock(shape, p, direction, index, block.A2, block.Weight, block.Bias, block.Skip);
        new Span<float>(block.WeightRows, ScanStepSize<L, V>.WeightFloats(shape.R)).Clear();
        for (int c = 0; c < Channels; c++)
            for (int r = 0; r < shape.R; r++)
                block.WeightRows[ScanStepSize<L, V>.BackwardWeightIndex(c, r)] =
                    block.Weight[ScanStepSize<L, V>.WeightIndex(c, r, shape.R)];
        new Span<float>(block.Dh, 2 * shape.StateFloats).Clear();
        new Span<float>(block.DWeight, shape.R * Channels).Clear();
        new Span<float>(block.DBias, 2 * Channels).Clear();
    }

    /// <summary>Writes the parameter gradients of one block and direction; dA_logs = dA A.</summary>
    static void StoreBlock(in Ss2dShape shape, int direction, int index, in BackwardBlock block, in Ss2dParameters dp)
    {
        const float ln2 = 0.693147181f;
        int first = (direction * shape.D) + (index * Channels);
        for (int c = 0; c < shape.ChannelsOf(index); c++)
        {
            float* logs = dp.ALogs(first + c);
            for (int n = 0; n < shape.N; n++)
                logs[n] = block.Da[(n * Channels) + c] * block.A2[(n * Channels) + c] * ln2;
            float* row = dp.DtWeight(first + c);
            for (int r = 0; r < shape.R; r++)
                row[r] = block.DWeight[(r * Channels) + c];
            dp.DtBias(direction)[(index * Channels) + c] = block.DBias[c];
            dp.Ds[first + c] = block.DSkip[c];
        }
    }

    static void ScatterProjection(in Ss2dShape shape, int* positions, int steps, in BackwardScratchOf planes,
        long stride, float* dProjection)
    {
        int dtStride = DtStride(shape.R);
        float* couples = planes.DCouples;
        for (int i = 0; i < steps; i++, couples += 4)
        {
            ScanRows<L, V>.AskAhead(dProjection, stride, positions, i, steps, shape.DirectionWidth);
            float* row = dProjection + (positions[i] * stride);
            float* from = planes.DDt + (i * dtStride);
            for (int r = 0; r < shape.R; r++)
                row[r] = from[r];
            float* db = dProjection + shape.R;
            ScanCouples<L, V>.Scatter(couples, positions + i, 1, shape.N, db, stride, db + shape.N, stride);
        }
    }

    /// <summary>Scratch that all blocks share.</summary>
    readonly struct BackwardScratchOf
    {
        public readonly float* U, Delta, DeltaU, Slope, Dy, DDeltaU, DDelta, Pass, Couples, DCouples, Dt, DDt;
        readonly float* _blocks;

        public BackwardScratchOf(in Ss2dShape shape, float* scratch)
        {
            U = scratch;
            Dy = U + (GroupBlocks * PlaneFloats);
            DDeltaU = Dy + (GroupBlocks * PlaneFloats);
            Delta = DDeltaU + (GroupBlocks * PlaneFloats);
            DeltaU = Delta + PlaneFloats;
            Slope = DeltaU + PlaneFloats;
            DDelta = Slope + PlaneFloats;
            Pass = DDelta + PlaneFloats;
            Couples = Pass + SelectiveScanChunk<L, V>.PassFloats;
            DCouples = Couples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            Dt = DCouples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            DDt = Dt + (Steps * DtStride(shape.R));
            _blocks = DDt + (Steps * DtStride(shape.R));
        }

        public BackwardBlock Block(in Ss2dShape shape, int j) =>
            new(shape, _blocks + (j * (long)BackwardBlockFloats(shape)));
    }

    /// <summary>What one block keeps along a direction.</summary>
    readonly struct BackwardBlock
    {
        public readonly float* A2, Dh, Da, Weight, WeightRows, DWeight, Bias, Skip, DBias, DSkip;

        public BackwardBlock(in Ss2dShape shape, float* scratch)
        {
            int weights = ScanStepSize<L, V>.WeightFloats(shape.R);
            A2 = scratch;
            Dh = A2 + shape.StateFloats;
            Da = Dh + shape.StateFloats;
            Weight = Da + shape.StateFloats;
            WeightRows = Weight + weights;
            DWeight = WeightRows + weights;
            Bias = DWeight + (shape.R * Channels);
            Skip = Bias + Channels;
            DBias = Skip + Channels;
            DSkip = DBias + Channels;
        }
    }
}
