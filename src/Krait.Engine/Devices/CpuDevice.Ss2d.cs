using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Ss2d(in Ss2dShape shape, Rows x, Rows projection, in Ss2dRows parameters, Rows states, Rows y)
    {
        int batch = checked((int)(x.Count / shape.L));
        _pool.Run(new Ss2dJob(shape, batch, x, projection, Pointers(parameters), states, y),
            batch * shape.TasksPerSample(batch));
    }

    public override void Ss2dBackward(in Ss2dShape shape, Rows x, Rows projection, in Ss2dRows parameters, Rows states,
        Rows dy, Rows projectionPartials, Rows parameterPartials, Rows dx, Rows dProjection, in Ss2dRows dParameters)
    {
        int batch = checked((int)(x.Count / shape.L));
        int tasks = shape.TasksPerSample(batch);
        _pool.Run(new Ss2dBackwardJob(shape, batch, x, projection, Pointers(parameters), states, dy,
            projectionPartials, parameterPartials, dx, dProjection), batch * tasks);
        for (int t = 1; t < tasks; t++)
            Add(dProjection, projectionPartials.Slice((t - 1) * dProjection.Count, dProjection.Count), dProjection);
        int offset = 0;
        foreach (Rows target in (ReadOnlySpan<Rows>)
            [dParameters.DtWeight, dParameters.DtBias, dParameters.ALogs, dParameters.Ds])
        {
            int count = checked((int)(target.Count * target.Width));
            AddSamples(parameterPartials, offset, target.Reshape(1, count));
            offset += count;
        }
    }

    static Ss2dParameters Pointers(in Ss2dRows rows) =>
        new(rows.DtWeight.Pointer, rows.DtWeight.Stride, rows.DtBias.Pointer, rows.DtBias.Stride, rows.ALogs.Pointer,
            rows.ALogs.Stride, rows.Ds.Pointer);

    /// <summary>Sample, first block and number of blocks of a task.</summary>
    static (int Sample, int FirstBlock, int Blocks) Ss2dTask(in Ss2dShape shape, int batch, int task)
    {
        int tasks = shape.TasksPerSample(batch), size = shape.BlocksPerTask(batch);
        int first = task % tasks * size;
        return (task / tasks, first, Math.Min(size, shape.Blocks - first));
    }

    readonly struct Ss2dJob(Ss2dShape shape, int batch, Rows x, Rows projection, Ss2dParameters p, Rows states, Rows y)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, int first, int blocks) = Ss2dTask(shape, batch, chunk);
            long row = (long)sample * shape.L;
            float* saved = states.Exists
                ? states.Pointer + (sample * (long)shape.StatesPerSample * shape.StateFloats)
                : null;
            Ss2d<L, V>.Forward(shape, first, blocks, x.Pointer + (row * x.Stride), x.Stride,
                projection.Pointer + (row * projection.Stride), projection.Stride, p,
                worker.Scratch(Ss2d<L, V>.ForwardScratch(shape, blocks)), saved,
                y.Pointer + (row * y.Stride), y.Stride, y.Count > x.Count ? x.Count * y.Stride : 0);
        }
    }

    readonly struct Ss2dBackwardJob(Ss2dShape shape, int batch, Rows x, Rows projection, Ss2dParameters p, Rows states,
        Rows dy, Rows projectionPartials, Rows parameterPartials, Rows dx, Rows dProjection) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, int first, int blocks) = Ss2dTask(shape, batch, chunk);
            int task = chunk % shape.TasksPerSample(batch);
            long row = (long)sample * shape.L;
            Rows partial = task == 0
                ? dProjection
                : projectionPartials.Slice((task - 1) * dProjection.Count, dProjection.Count);
            float* dp = parameterPartials.Pointer + (sample * parameterPartials.Stride);
            Ss2d<L, V>.Backward(shape, first, blocks, x.Pointer + (row * x.Stride), x.Stride,
                projection.Pointer + (row * projection.Stride), projection.Stride, p,
                states.Pointer + (sample * (long)shape.StatesPerSample * shape.StateFloats),
                dy.Pointer + (row * dy.Stride), dy.Stride, dy.Count > x.Count ? x.Count * dy.Stride : 0,
                worker.Scratch(Ss2d<L, V>.BackwardScratch(shape, blocks)), dx.Pointer + (row * dx.Stride), dx.Stride,
                partial.Pointer + (row * partial.Stride), partial.Stride,
                Ss2dParameters.OneAfterAnother(shape, dp));
        }
    }
}
