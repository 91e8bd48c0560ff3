using Krait.Engine.Kernels;
using Krait.Engine.Optimizers;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void AdamStep(Rows gradient, AdamNumbers numbers, Rows weight, Rows first, Rows second,
        Rows largest)
    {
        var job = new AdamJob(gradient.Pointer, numbers, weight.Pointer, first.Pointer, second.Pointer, largest.Pointer,
            weight.Width);
        _pool.Run(job, Chunks(weight.Width, StreamChunk));
    }

    public override void SgdStep(Rows gradient, SgdNumbers numbers, Rows weight, Rows buffer)
    {
        var job = new SgdJob(gradient.Pointer, numbers, weight.Pointer, buffer.Pointer, weight.Width);
        _pool.Run(job, Chunks(weight.Width, StreamChunk));
    }

    public override double SumOfSquares(Rows x)
    {
        double sum = 0;
        for (long r = 0; r < x.Count; r++)
            for (int i = 0; i < x.Width; i += (int)StreamChunk)
                sum += OptimizerSteps<L, V>.SumOfSquares(x.Pointer + (r * x.Stride) + i,
                    (int)Math.Min(StreamChunk, x.Width - i));
        return sum;
    }

    readonly struct AdamJob(float* gradient, AdamNumbers numbers, float* weight, float* first, float* second,
        float* largest, int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            OptimizerSteps<L, V>.Adam(gradient + at, numbers, (int)Math.Min(StreamChunk, count - at), weight + at,
                first + at, second + at, largest == null ? null : largest + at);
        }
    }

    readonly struct SgdJob(float* gradient, SgdNumbers numbers, float* weight, float* buffer, int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            OptimizerSteps<L, V>.Sgd(gradient + at, numbers, (int)Math.Min(StreamChunk, count - at), weight + at,
                buffer == null ? null : buffer + at);
        }
    }
}
