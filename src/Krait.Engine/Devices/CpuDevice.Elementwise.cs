using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Activate(Activation activation, float parameter, Rows x, Rows y)
    {
        Flatten(ref x, ref y);
        _pool.Run(new ActivateJob(activation, parameter, x, y), StreamChunks(y));
    }

    public override void ActivateBackward(Activation activation, float parameter, Rows x, Rows dy, Rows addend, Rows dx)
    {
        if (x.IsDense && dy.IsDense && dx.IsDense && (!addend.Exists || addend.IsDense))
        {
            (x, dy, dx) = (x.AsLongRows(), dy.AsLongRows(), dx.AsLongRows());
            addend = addend.Exists ? addend.AsLongRows() : addend;
        }
        _pool.Run(new ActivateBackwardJob(activation, parameter, x, dy, addend, dx), StreamChunks(dx));
    }

    public override void Affine(Rows x, float scale, float shift, Rows y)
    {
        Flatten(ref x, ref y);
        _pool.Run(new AffineJob(x, scale, shift, y), StreamChunks(y));
    }

    public override void Binary(BinaryKind kind, Rows a, Rows b, long repeat, Rows y)
    {
        if (a.Count == b.Count && a.Width == b.Width && a.IsDense && b.IsDense && y.IsDense)
            (a, b, y, repeat) = (a.AsLongRows(), b.AsLongRows(), y.AsLongRows(), 1);
        _pool.Run(new BinaryJob(kind, a, b, repeat, y), StreamChunks(y));
    }

    public override void AddScaled(Rows x, Rows f, Rows scale, Rows y)
    {
        if (scale.Count == 1 && x.IsDense && f.IsDense && y.IsDense)
            (x, f, y) = (x.AsLongRows(), f.AsLongRows(), y.AsLongRows());
        _pool.Run(new AddScaledJob(x, f, scale, y), StreamChunks(y));
    }

    readonly struct ActivateJob(Activation activation, float parameter, Rows x, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Activate<L, V>.Forward(activation, parameter, x.Pointer + (first * x.Stride), x.Stride, count, y.Width,
                y.Pointer + (first * y.Stride), y.Stride);
        }
    }

    readonly struct ActivateBackwardJob(Activation activation, float parameter, Rows x, Rows dy, Rows addend, Rows dx)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(dx, chunk);
            Activate<L, V>.Backward(activation, parameter, x.Pointer + (first * x.Stride), x.Stride,
                dy.Pointer + (first * dy.Stride), dy.Stride,
                addend.Exists ? addend.Pointer + (first * addend.Stride) : null, addend.Stride,
                count, dx.Width, dx.Pointer + (first * dx.Stride), dx.Stride);
        }
    }

    readonly struct AffineJob(Rows x, float scale, float shift, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Affine<L, V>.Forward(x.Pointer + (first * x.Stride), x.Stride, scale, shift, count, y.Width,
                y.Pointer + (first * y.Stride), y.Stride);
        }
    }

    readonly struct BinaryJob(BinaryKind kind, Rows a, Rows b, long repeat, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            bool isColumn = b.Width == 1 && a.Width > 1;
            for (long r = first, end = first + count; r < end;)
            {
                long at = r / repeat % b.Count;
                long run = Math.Min(end - r, repeat > 1 ? repeat - (r % repeat) : b.Count - at);
                Binary<L, V>.Forward(kind, a.Pointer + (r * a.Stride), a.Stride, b.Pointer + (at * b.Stride),
                    repeat > 1 ? 0 : b.Stride, isColumn, run, y.Width, y.Pointer + (r * y.Stride), y.Stride);
                r += run;
            }
        }
    }

    readonly struct AddScaledJob(Rows x, Rows f, Rows scale, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            long perSample = y.Count / scale.Count;
            for (long r = first, end = first + count; r < end;)
            {
                long sample = r / perSample;
                long run = Math.Min(end, (sample + 1) * perSample) - r;
                Binary<L, V>.AddScaled(x.Pointer + (r * x.Stride), x.Stride, f.Pointer + (r * f.Stride), f.Stride,
                    scale.Pointer[sample * scale.Stride], run, y.Width, y.Pointer + (r * y.Stride), y.Stride);
                r += run;
            }
        }
    }
}
