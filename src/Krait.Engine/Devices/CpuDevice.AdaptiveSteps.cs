using Krait.Engine.Kernels;
using Krait.Engine.Optimizers;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void RmsPropStep(Rows gradient, RmsPropNumbers numbers, Rows weight, Rows square, Rows buffer,
        Rows mean) => _pool.Run(new RmsPropJob(gradient.Pointer, numbers, weight.Pointer, square.Pointer,
            buffer.Pointer, mean.Pointer, weight.Width), Chunks(weight.Width, StreamChunk));

    public override void AdagradStep(Rows gradient, AdagradNumbers numbers, Rows weight, Rows sum) =>
        _pool.Run(new AdagradJob(gradient.Pointer, numbers, weight.Pointer, sum.Pointer, weight.Width),
            Chunks(weight.Width, StreamChunk));

    public override void AdadeltaStep(Rows gradient, AdadeltaNumbers numbers, Rows weight, Rows square, Rows moved) =>
        _pool.Run(new AdadeltaJob(gradient.Pointer, numbers, weight.Pointer, square.Pointer, moved.Pointer,
            weight.Width), Chunks(weight.Width, StreamChunk));

    public override void AdamaxStep(Rows gradient, AdamaxNumbers numbers, Rows weight, Rows first, Rows largest) =>
        _pool.Run(new AdamaxJob(gradient.Pointer, numbers, weight.Pointer, first.Pointer, largest.Pointer,
            weight.Width), Chunks(weight.Width, StreamChunk));

    static int StepCount(long at, int count) => (int)Math.Min(StreamChunk, count - at);

    readonly struct RmsPropJob(float* gradient, RmsPropNumbers numbers, float* weight, float* square, float* buffer,
        float* mean, int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            AdaptiveSteps<L, V>.RmsProp(gradient + at, numbers, StepCount(at, count), weight + at, square + at,
                buffer == null ? null : buffer + at, mean == null ? null : mean + at);
        }
    }

    readonly struct AdagradJob(float* gradient, AdagradNumbers numbers, float* weight, float* sum, int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            AdaptiveSteps<L, V>.Adagrad(gradient + at, numbers, StepCount(at, count), weight + at, sum + at);
        }
    }

    readonly struct AdadeltaJob(float* gradient, AdadeltaNumbers numbers, float* weight, float* square, float* moved,
        int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            AdaptiveSteps<L, V>.Adadelta(gradient + at, numbers, StepCount(at, count), weight + at, square + at,
                moved + at);
        }
    }

    readonly struct AdamaxJob(float* gradient, AdamaxNumbers numbers, float* weight, float* first, float* largest,
        int count) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long at = chunk * StreamChunk;
            AdaptiveSteps<L, V>.Adamax(gradient + at, numbers, StepCount(at, count), weight + at, first + at,
                largest + at);
        }
    }
}
