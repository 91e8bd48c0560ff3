using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class SelectiveScan<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Floats of scratch for <see cref="Backward"/>.</summary>
    public static long BackwardScratch(in SelectiveScanShape shape, int blocks) =>
        (10 * PlaneFloats) + SelectiveScanChunk<L, V>.PassFloats + (2 * SelectiveScanChunk<L, V>.CoupleFloats(shape.N))
        + (Steps * ScanStepSize<L, V>.DtStride(shape.R)) + (blocks * (long)BackwardBlockFloats(shape));

    static int BackwardBlockFloats(in SelectiveScanShape shape) =>
        (3 * shape.StateFloats) + (2 * ScanStepSize<L, V>.WeightFloats(shape.R)) + ((shape.R + 4) * Channels);

    /// <summary>
    /// Gradients of <see cref="Forward"/> for one sample and the blocks [firstBlock, firstBlock + blocks) of one group.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="x">The sample's operands.</param>
    /// <param name="softplus">Whether softplus makes the step size.</param>
    /// <param name="firstBlock">First block.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="states">What the forward kept.</param>
    /// <param name="dy">[L, D].</param>
    /// <param name="dLast">[D, N]: gradient of the state after the last step; may be missing.</param>
    /// <param name="scratch"><see cref="BackwardScratch"/> floats.</param>
    /// <param name="dx">Written: U, Gate (if there), A, Skip, DeltaBias, StepWeight for the blocks' channels; B and C as
    /// the sum over these blocks only; Delta as U without a step weight, as B with one.</param>
    public static void Backward(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int firstBlock,
        int blocks, float* states, RowPointer dy, RowPointer dLast, float* scratch, in SelectiveScanOperands dx)
    {
        var s = new BackwardScratchOf(shape, scratch);
        int* positions = stackalloc int[Steps];
        int group = shape.GroupOf(firstBlock), dtStride = ScanStepSize<L, V>.DtStride(shape.R);
        for (int j = 0; j < blocks; j++)
            StartBlock(shape, x, firstBlock + j, dLast, new BackwardBlock(shape, s.Blocks, j));
        for (int chunk = shape.Chunks - 1; chunk >= 0; chunk--)
        {
            int steps = FillPositions(shape, chunk, positions);
            GatherGroup(shape, x, group, positions, steps, s.Couples);
            new Span<float>(s.DCouples, SelectiveScanChunk<L, V>.CoupleFloats(shape.N)).Clear();
            new Span<float>(s.DDt, steps * dtStride).Clear();
            for (int j = 0; j < blocks; j++)
            {
                int b = firstBlock + j;
                BackwardChunk(shape, x, softplus, b, positions, steps, StateAt(shape, states, chunk, b), dy, s,
                    new BackwardBlock(shape, s.Blocks, j), dx);
            }
            ScanCouples<L, V>.Scatter(s.DCouples, positions, steps, shape.N, dx.B.At(group),
                dx.B.Stride * shape.G, dx.C.At(group), dx.C.Stride * shape.G);
            for (int i = 0; i < steps; i++)
            {
                foreach (RowPointer rows in (ReadOnlySpan<RowPointer>)[x.B, x.C, dx.B, dx.C])
                    SelectiveScanRows<L, V>.Ask(rows.At((((long)positions[i] - Steps) * shape.G) + group));
                float* from = s.DDt + (i * dtStride), to = dx.Delta.At(positions[i]);
                for (int r = 0; r < shape.R; r++)
                    to[r] = from[r];
            }
        }
        for (int j = 0; j < blocks; j++)
            StoreBlock(shape, firstBlock + j, new BackwardBlock(shape, s.Blocks, j), dx);
    }

    static void BackwardChunk(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int index,
        int* positions, int steps, float* start, RowPointer dy, in BackwardScratchOf s, in BackwardBlock block,
        in SelectiveScanOperands dx)
    {
        int first = shape.FirstChannel(index), channels = shape.ChannelsOf(index);
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        var walk = new BlockRows(positions, steps, first, channels);
        RowPointer u = walk.Gather(x.U, s.U), z = walk.Gather(x.Gate, s.Z), dyRows = walk.Gather(dy, s.Y);
        RowPointer du = walk.Target(dx.U, s.U), dz = walk.Target(dx.Gate, s.Z);
        StepSize(shape, x.Delta, index, positions, steps, softplus, block.Weight, block.Bias, s.Delta, s.Slope);
        if (x.Gate.Exists)
            SelectiveScanRows<L, V>.GateBackward(vectors, steps, z.Start, z.Stride, dyRows.Start, dyRows.Stride,
                dz.Start, dz.Stride, s.Dy, s.Gate);
        else
            ScanRows<L, V>.Gather(dy.Start + first, dy.Stride, positions, steps, channels, s.Dy);
        SelectiveScanRows<L, V>.Start(vectors, steps, u.Start, u.Stride, -Steps * u.Stride, s.Delta, block.Skip,
            s.DeltaU, s.Y);
        SelectiveScanChunk<L, V>.Backward(vectors, steps, shape.PaddedN, block.A2, s.Delta, s.DeltaU, s.Couples, start,
            s.Dy, s.Pass, block.Dh, block.Da, s.DCouples, s.DDeltaU, s.DDelta, x.Gate.Exists ? s.Y : null);
        SelectiveScanRows<L, V>.Finish(vectors, steps, u.Start, u.Stride, s.Delta, softplus ? s.Slope : null, s.Dy,
            block.Skip, s.DDeltaU, s.DDelta, block.DSkip, block.DBias, du.Start, du.Stride);
        walk.Scatter(s.U, dx.U);
        if (x.Gate.Exists)
        {
            SelectiveScanRows<L, V>.Multiply(vectors, steps, s.Y, s.Gate, dz.Start, dz.Stride);
            walk.Scatter(s.Z, dx.Gate);
        }
        if (shape.R > 0)
            StepSizeBackward(shape, channels, x.Delta.At(positions[0]), (int)x.Delta.Stride, steps, s, block);
        else
            ScanRows<L, V>.Scatter(s.DDelta, positions, steps, channels, false, dx.Delta.Stride, dx.Delta.Start + first);
    }

    /// <summary>
    /// One block's channels of a chunk's rows. They are read and written where they lie if they fill whole registers,
    /// else by way of a plane.
    /// </summary>
    readonly struct BlockRows(int* positions, int steps, int first, int channels)
    {
        bool InPlace => channels % L.Count == 0;

        public RowPointer Gather(RowPointer rows, float* plane)
        {
            if (rows.Exists && !InPlace)
                ScanRows<L, V>.Gather(rows.Start + first, rows.Stride, positions, steps, channels, plane);
            return Target(rows, plane);
        }

        public RowPointer Target(RowPointer rows, float* plane) => InPlace && rows.Exists
            ? new RowPointer(rows.At(positions[0]) + first, rows.Stride)
            : new RowPointer(plane, Channels);

        public void Scatter(float* plane, RowPointer rows)
        {
            if (!InPlace)
                ScanRows<L, V>.Scatter(plane, positions, steps, channels, false, rows.Stride, rows.Start + first);
        }
    }

    /// <summary>Adds what a block gives to the gradients of the projected rows and of the step weight.</summary>
    static void StepSizeBackward(in SelectiveScanShape shape, int channels, float* dt, int dtStride, int steps,
        in BackwardScratchOf s, in BackwardBlock block)
    {
        ScanStepSize<L, V>.Backward(channels, steps, ScanStepSize<L, V>.DtStride(shape.R), s.DDelta, block.WeightRows,
            s.DDt);
        ScanStepSize<L, V>.WeightBackward(SelectiveScanChunk<L, V>.Vectors(channels), steps, shape.R, dt, dtStride,
            s.DDelta, block.DWeight);
    }

    static void StartBlock(in SelectiveScanShape shape, in SelectiveScanOperands x, int index, RowPointer dLast,
        in BackwardBlock block)
    {
        LoadBlock(shape, x, index, block.A2, block.Bias, block.Skip, block.Weight);
        new Span<float>(block.WeightRows, ScanStepSize<L, V>.WeightFloats(shape.R)).Clear();
        for (int c = 0; c < Channels; c++)
            for (int r = 0; r < shape.R; r++)
                block.WeightRows[ScanStepSize<L, V>.BackwardWeightIndex(c, r)] =
                    block.Weight[ScanStepSize<L, V>.WeightIndex(c, r, shape.R)];
        new Span<float>(block.Dh, 2 * shape.StateFloats).Clear();
        new Span<float>(block.DBias, (2 + shape.R) * Channels).Clear();
        if (!dLast.Exists)
            return;
        int first = shape.FirstChannel(index);
        for (int c = 0; c < shape.ChannelsOf(index); c++)
        {
            float* row = dLast.At(first + c);
            for (int n = 0; n < shape.N; n++)
                block.Dh[(n * Channels) + c] = row[n];
        }
    }

    static void StoreBlock(in SelectiveScanShape shape, int index, in BackwardBlock block, in SelectiveScanOperands dx)
    {
        StoreStates(shape, index, block.Da, dx.A);
        int first = shape.FirstChannel(index);
        for (int c = 0; c < shape.ChannelsOf(index); c++)
        {
            dx.Skip.Start[first + c] = block.DSkip[c];
            dx.DeltaBias.Start[first + c] = block.DBias[c];
            for (int r = 0; r < shape.R; r++)
                dx.StepWeight.At(first + c)[r] = block.DWeight[(r * Channels) + c];
        }
    }

    /// <summary>Scratch that all blocks share.</summary>
    readonly struct BackwardScratchOf
    {
        public readonly float* U, Z, Delta, DeltaU, Y, Gate, Slope, Dy, DDeltaU, DDelta, Pass, Couples, DCouples, DDt;
        public readonly float* Blocks;

        public BackwardScratchOf(in SelectiveScanShape shape, float* scratch)
        {
            U = scratch;
            Z = U + PlaneFloats;
            Delta = Z + PlaneFloats;
            DeltaU = Delta + PlaneFloats;
            Y = DeltaU + PlaneFloats;
            Gate = Y + PlaneFloats;
            Slope = Gate + PlaneFloats;
            Dy = Slope + PlaneFloats;
            DDeltaU = Dy + PlaneFloats;
            DDelta = DDeltaU + PlaneFloats;
            Pass = DDelta + PlaneFloats;
            Couples = Pass + SelectiveScanChunk<L, V>.PassFloats;
            DCouples = Couples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            DDt = DCouples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            Blocks = DDt + (Steps * ScanStepSize<L, V>.DtStride(shape.R));
        }
    }

    /// <summary>What one block keeps along the scan.</summary>
    readonly struct BackwardBlock
    {
        public readonly float* A2, Dh, Da, Weight, WeightRows, Bias, Skip, DBias, DSkip, DWeight;

        public BackwardBlock(in SelectiveScanShape shape, float* blocks, int j)
        {
            int weights = ScanStepSize<L, V>.WeightFloats(shape.R);
            A2 = blocks + (j * (long)BackwardBlockFloats(shape));
            Dh = A2 + shape.StateFloats;
            Da = Dh + shape.StateFloats;
            Weight = Da + shape.StateFloats;
            WeightRows = Weight + weights;
            Bias = WeightRows + weights;
            Skip = Bias + Channels;
            DBias = Skip + Channels;
            DSkip = DBias + Channels;
            DWeight = DSkip + Channels;
        }
    }
}
