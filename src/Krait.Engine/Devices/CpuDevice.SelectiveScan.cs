using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void SelectiveScan(in SelectiveScanShape shape, bool softplus, in SelectiveScanRows x, Rows states,
        Rows y, Rows last, bool continues = false)
    {
        int batch = checked((int)(x.U.Count / shape.L));
        _pool.Run(new SelectiveScanJob(shape, batch, softplus, x, states, y, last, continues),
            batch * shape.G * shape.Tasks(batch).Count);
    }

    public override void SelectiveScanBackward(in SelectiveScanShape shape, bool softplus, in SelectiveScanRows x,
        Rows states, Rows dy, Rows dLast, Rows couplePartials, Rows parameterPartials, in SelectiveScanRows dx)
    {
        int batch = checked((int)(x.U.Count / shape.L));
        int tasks = shape.BackwardTasks(batch).Count;
        _pool.Run(new SelectiveScanBackwardJob(shape, batch, softplus, x, states, dy, dLast, couplePartials,
            parameterPartials, dx), batch * shape.G * tasks);
        for (int t = 1; t < tasks; t++)
        {
            Rows partial = couplePartials.Slice((t - 1) * dx.B.Count, dx.B.Count);
            Add(dx.B, partial.Channels(shape.R, shape.N), dx.B);
            Add(dx.C, partial.Channels(shape.R + shape.N, shape.N), dx.C);
            if (shape.R > 0)
                Add(dx.Delta, partial.Channels(0, shape.R), dx.Delta);
        }
        int offset = 0;
        foreach (Rows target in (ReadOnlySpan<Rows>)[dx.A, dx.Skip, dx.DeltaBias, dx.StepWeight])
        {
            int count = target.Exists ? checked((int)(target.Count * target.Width)) : shape.D;
            if (target.Exists)
                AddSamples(parameterPartials, offset, target.Reshape(1, count));
            offset += count;
        }
    }

    /// <summary>sum = the partial sums of all samples, added in their order.</summary>
    void AddSamples(Rows partials, int offset, Rows sum)
    {
        Copy(partials.Slice(0, 1).Channels(offset, sum.Width), sum);
        for (int b = 1; b < partials.Count; b++)
            Add(sum, partials.Slice(b, 1).Channels(offset, sum.Width), sum);
    }

    /// <summary>Sample, task within the group, first block and number of blocks.</summary>
    static (int Sample, int Task, int FirstBlock, int Blocks) ScanTask(in SelectiveScanShape shape, BlockTasks tasks,
        int chunk)
    {
        int task = chunk % tasks.Count, group = chunk / tasks.Count % shape.G;
        int first = task * tasks.Blocks;
        return (chunk / tasks.Count / shape.G, task, (group * shape.GroupBlocks) + first,
            Math.Min(tasks.Blocks, shape.GroupBlocks - first));
    }

    static RowPointer From(Rows rows, long row) => new RowPointer(rows.Pointer, rows.Stride).From(row);

    static SelectiveScanOperands Operands(in SelectiveScanShape shape, in SelectiveScanRows x, long sample)
    {
        long row = sample * shape.L;
        return new SelectiveScanOperands(From(x.U, row), From(x.Delta, row), From(x.A, 0), From(x.B, row * shape.G),
            From(x.C, row * shape.G), From(x.Skip, 0), From(x.Gate, row), From(x.DeltaBias, 0),
            From(x.StepWeight, 0));
    }

    static float* StatesOf(in SelectiveScanShape shape, Rows states, long sample) =>
        states.Exists ? states.Pointer + (sample * shape.StatesPerSample * shape.StateFloats) : null;

    readonly struct SelectiveScanJob(SelectiveScanShape shape, int batch, bool softplus, SelectiveScanRows x,
        Rows states, Rows y, Rows last, bool continues) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, _, int first, int blocks) = ScanTask(shape, shape.Tasks(batch), chunk);
            SelectiveScan<L, V>.Forward(shape, Operands(shape, x, sample), softplus, first, blocks,
                worker.Scratch(SelectiveScan<L, V>.ForwardScratch(shape, blocks)), StatesOf(shape, states, sample),
                From(y, (long)sample * shape.L), From(last, (long)sample * shape.D), continues);
        }
    }

    readonly struct SelectiveScanBackwardJob(SelectiveScanShape shape, int batch, bool softplus, SelectiveScanRows x,
        Rows states, Rows dy, Rows dLast, Rows couplePartials, Rows parameterPartials, SelectiveScanRows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, int task, int first, int blocks) = ScanTask(shape, shape.BackwardTasks(batch), chunk);
            SelectiveScanOperands d = Operands(shape, dx, sample);
            if (task > 0)
            {
                Rows partial = couplePartials.Slice((task - 1) * dx.B.Count, dx.B.Count);
                long row = (long)sample * shape.L * shape.G;
                d = d with
                {
                    B = From(partial.Channels(shape.R, shape.N), row),
                    C = From(partial.Channels(shape.R + shape.N, shape.N), row),
                    Delta = shape.R > 0 ? From(partial, row) : d.Delta,
                };
            }
            float* parameters = parameterPartials.Pointer + (sample * parameterPartials.Stride);
            float* skip = parameters + ((long)shape.D * shape.N);
            d = d with
            {
                A = new RowPointer(parameters, shape.N),
                Skip = new RowPointer(skip, shape.D),
                DeltaBias = new RowPointer(skip + shape.D, shape.D),
                StepWeight = new RowPointer(skip + (2L * shape.D), shape.R),
            };
            SelectiveScan<L, V>.Backward(shape, Operands(shape, x, sample), softplus, first, blocks,
                StatesOf(shape, states, sample), From(dy, (long)sample * shape.L),
                From(dLast, (long)sample * shape.D),
                worker.Scratch(SelectiveScan<L, V>.BackwardScratch(shape, blocks)), d);
        }
    }
}
