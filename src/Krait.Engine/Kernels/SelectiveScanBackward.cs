using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class SelectiveScan<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    /// <summary>Floats of scratch for <see cref="Backward"/>.</summary>
    public static long BackwardScratch(in SelectiveScanShape shape, int blocks) =>
        (9 * PlaneFloats) + SelectiveScanChunk<L, V>.PassFloats + (2 * SelectiveScanChunk<L, V>.CoupleFloats(shape.N))
        + shape.StateFloats + (blocks * (long)BackwardBlockFloats(shape));

    static int BackwardBlockFloats(in SelectiveScanShape shape) => (3 * shape.StateFloats) + (4 * Channels);

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
    /// <param name="dx">Written: U, Delta, Gate (if there), A, Skip, DeltaBias for the blocks' channels; B and C as the
    /// sum over these blocks only.</param>
    public static void Backward(in SelectiveScanShape shape, in SelectiveScanOperands x, bool softplus, int firstBlock,
        int blocks, float* states, RowPointer dy, RowPointer dLast, float* scratch, in SelectiveScanOperands dx)
    {
        var s = new BackwardScratchOf(shape, scratch);
        int* positions = stackalloc int[Steps];
        int group = shape.GroupOf(firstBlock);
        for (int j = 0; j < blocks; j++)
            StartBlock(shape, x, firstBlock + j, dLast, new BackwardBlock(shape, s.Blocks, j));
        for (int chunk = shape.Chunks - 1; chunk >= 0; chunk--)
        {
            int steps = FillPositions(shape, chunk, positions);
            GatherGroup(shape, x, group, positions, steps, s.Couples);
            new Span<float>(s.DCouples, SelectiveScanChunk<L, V>.CoupleFloats(shape.N)).Clear();
            for (int j = 0; j < blocks; j++)
            {
                int b = firstBlock + j, first = shape.FirstChannel(b), channels = shape.ChannelsOf(b);
                var block = new BackwardBlock(shape, s.Blocks, j);
                float* start = StateAt(shape, states, chunk, b);
                ScanRows<L, V>.Gather(x.U.Start + first, x.U.Stride, positions, steps, channels, s.U);
                ScanRows<L, V>.Gather(dy.Start + first, dy.Stride, positions, steps, channels, s.Dy);
                StepSize(x.Delta, first, channels, positions, steps, softplus, block.Bias, s.Delta, s.Slope);
                int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
                SelectiveScanPlane<L, V>.Start(vectors, steps, s.U, s.Delta, block.Skip, s.DeltaU, s.Y);
                if (x.Gate.Exists)
                    BackwardGate(shape, x.Gate, first, channels, positions, steps, start, s, block, dx.Gate);
                SelectiveScanChunk<L, V>.Backward(vectors, steps, shape.PaddedN, block.A2, s.Delta, s.DeltaU, s.Couples,
                    start, s.Dy, s.Pass, block.Dh, block.Da, s.DCouples, s.DDeltaU, s.DDelta);
                SelectiveScanPlane<L, V>.Finish(vectors, steps, s.U, s.Delta, softplus ? s.Slope : null, s.Dy,
                    block.Skip, s.DDeltaU, s.DDelta, block.DSkip, block.DBias);
                ScanRows<L, V>.Scatter(s.DDeltaU, positions, steps, channels, false, dx.U.Stride,
                    dx.U.Start + first);
                ScanRows<L, V>.Scatter(s.DDelta, positions, steps, channels, false, dx.Delta.Stride,
                    dx.Delta.Start + first);
            }
            ScanCouples<L, V>.Scatter(s.DCouples, positions, steps, shape.N, dx.B.At(group),
                dx.B.Stride * shape.G, dx.C.At(group), dx.C.Stride * shape.G);
        }
        for (int j = 0; j < blocks; j++)
            StoreBlock(shape, firstBlock + j, new BackwardBlock(shape, s.Blocks, j), dx);
    }

    /// <summary>Runs the chunk forward again for the result before the gate; then dz, and dy before the gate.</summary>
    static void BackwardGate(in SelectiveScanShape shape, RowPointer gate, int first, int channels, int* positions,
        int steps, float* start, in BackwardScratchOf s, in BackwardBlock block, RowPointer dGate)
    {
        int vectors = SelectiveScanChunk<L, V>.Vectors(channels);
        new Span<float>(start, shape.StateFloats).CopyTo(new Span<float>(s.H, shape.StateFloats));
        SelectiveScanChunk<L, V>.Forward(vectors, steps, shape.PaddedN, block.A2, s.Delta, s.DeltaU, s.Couples, s.H,
            s.Y);
        ScanRows<L, V>.Gather(gate.Start + first, gate.Stride, positions, steps, channels, s.Gate);
        SelectiveScanPlane<L, V>.GateBackward(vectors, steps, s.Gate, s.Y, s.Dy);
        ScanRows<L, V>.Scatter(s.Gate, positions, steps, channels, false, dGate.Stride,
            dGate.Start + first);
    }

    static void StartBlock(in SelectiveScanShape shape, in SelectiveScanOperands x, int index, RowPointer dLast,
        in BackwardBlock block)
    {
        LoadBlock(shape, x, index, block.A2, block.Bias, block.Skip);
        new Span<float>(block.Dh, 2 * shape.StateFloats).Clear();
        new Span<float>(block.DBias, 2 * Channels).Clear();
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
        }
    }

    /// <summary>Scratch that all blocks share.</summary>
    readonly struct BackwardScratchOf
    {
        public readonly float* U, Delta, DeltaU, Y, Gate, Slope, Dy, DDeltaU, DDelta, Pass, Couples, DCouples, H, Blocks;

        public BackwardScratchOf(in SelectiveScanShape shape, float* scratch)
        {
            U = scratch;
            Delta = U + PlaneFloats;
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
            H = DCouples + SelectiveScanChunk<L, V>.CoupleFloats(shape.N);
            Blocks = H + shape.StateFloats;
        }
    }

    /// <summary>What one block keeps along the scan.</summary>
    readonly struct BackwardBlock
    {
        public readonly float* A2, Dh, Da, Bias, Skip, DBias, DSkip;

        public BackwardBlock(in SelectiveScanShape shape, float* blocks, int j)
        {
            A2 = blocks + (j * (long)BackwardBlockFloats(shape));
            Dh = A2 + shape.StateFloats;
            Da = Dh + shape.StateFloats;
            Bias = Da + shape.StateFloats;
            Skip = Bias + Channels;
            DBias = Skip + Channels;
            DSkip = DBias + Channels;
        }
    }
}
