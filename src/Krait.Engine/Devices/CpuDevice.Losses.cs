using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Softmax(Rows x, Rows y) => _pool.Run(new SoftmaxJob(x, y), StreamChunks(x));

    public override void SoftmaxBackward(Rows y, Rows dy, Rows dx) =>
        _pool.Run(new SoftmaxBackwardJob(y, dy, dx), StreamChunks(dx));

    public override void CrossEntropy(Rows x, Rows target, Rows weight, int ignored, Rows loss, Rows total)
    {
        int chunks = StreamChunks(x);
        double* sums = (double*)_partials.Value!.Scratch(4L * chunks);
        _pool.Run(new CrossEntropyJob(x, target, weight, ignored, sums), chunks);
        double losses = 0, weights = 0;
        for (int k = 0; k < chunks; k++)
        {
            losses += sums[2 * k];
            weights += sums[(2 * k) + 1];
        }
        *loss.Pointer = (float)(losses / weights);
        *total.Pointer = (float)weights;
    }

    public override void CrossEntropyBackward(Rows x, Rows target, Rows weight, int ignored, Rows total, Rows dloss,
        Rows dx) => _pool.Run(
            new CrossEntropyBackwardJob(x, target, weight, ignored, *dloss.Pointer / *total.Pointer, dx),
            StreamChunks(x));

    public override void Bce(bool fromLogits, Rows x, Rows target, Rows loss)
    {
        int chunks = StreamChunks(x);
        double* sums = (double*)_partials.Value!.Scratch(2L * chunks);
        _pool.Run(new BceJob(fromLogits, x, target, sums), chunks);
        double sum = 0;
        for (int k = 0; k < chunks; k++)
            sum += sums[k];
        *loss.Pointer = (float)(sum / ((double)x.Count * x.Width));
    }

    public override void BceBackward(bool fromLogits, Rows x, Rows target, Rows dloss, Rows dx) => _pool.Run(
        new BceBackwardJob(fromLogits, x, target, (float)(*dloss.Pointer / ((double)x.Count * x.Width)), dx),
        StreamChunks(x));

    readonly struct SoftmaxJob(Rows x, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            Softmax<L, V>.Forward(At(x, first), x.Stride, count, x.Width, At(y, first), y.Stride);
        }
    }

    readonly struct SoftmaxBackwardJob(Rows y, Rows dy, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(dx, chunk);
            Softmax<L, V>.Backward(At(y, first), y.Stride, At(dy, first), dy.Stride, count, dx.Width, At(dx, first),
                dx.Stride);
        }
    }

    readonly struct CrossEntropyJob(Rows x, Rows target, Rows weight, int ignored, double* sums) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            double* to = sums + (2 * chunk);
            (to[0], to[1]) = (0, 0);
            Softmax<L, V>.CrossEntropy(At(x, first), x.Stride, At(target, first), target.Stride, weight.Pointer,
                ignored, count, x.Width, worker.Scratch(x.Width), to);
        }
    }

    readonly struct CrossEntropyBackwardJob(Rows x, Rows target, Rows weight, int ignored, float scale, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            Softmax<L, V>.CrossEntropyBackward(At(x, first), x.Stride, At(target, first), target.Stride, weight.Pointer,
                ignored, scale, count, x.Width, At(dx, first), dx.Stride);
        }
    }

    /// <summary>Runs of numbers: all rows of the chunk where everything is dense, else row by row.</summary>
    readonly struct BceJob(bool fromLogits, Rows x, Rows target, double* sums) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            bool isDense = x.IsDense && target.IsDense;
            double sum = 0;
            for (long r = first; r < first + count; r += isDense ? count : 1)
                sum += Bce<L, V>.Forward(fromLogits, At(x, r), At(target, r), isDense ? count * x.Width : x.Width);
            sums[chunk] = sum;
        }
    }

    readonly struct BceBackwardJob(bool fromLogits, Rows x, Rows target, float scale, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            bool isDense = x.IsDense && target.IsDense && dx.IsDense;
            for (long r = first; r < first + count; r += isDense ? count : 1)
                Bce<L, V>.Backward(fromLogits, At(x, r), At(target, r), scale, isDense ? count * x.Width : x.Width,
                    At(dx, r));
        }
    }
}
