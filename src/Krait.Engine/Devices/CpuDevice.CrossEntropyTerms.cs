using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void CrossEntropyTerms(Rows x, Rows target, Rows weight, int ignored, Rows y) =>
        _pool.Run(new CrossEntropyTermsJob(x, target, weight, ignored, y), StreamChunks(x));

    public override void CrossEntropyTermsBackward(Rows x, Rows target, Rows weight, int ignored, Rows dy, Rows dx) =>
        _pool.Run(new CrossEntropyTermsBackwardJob(x, target, weight, ignored, dy, dx), StreamChunks(x));

    public override void TopMean(Rows x, long top, Rows mean, Rows chosen)
    {
        uint* counters = (uint*)_partials.Value!.Scratch(Kernels.TopMean.Counters);
        *mean.Pointer = (float)Kernels.TopMean.Choose(x.Pointer, x.Stride, x.Count, top, counters, chosen.Pointer,
            chosen.Stride);
    }

    readonly struct CrossEntropyTermsJob(Rows x, Rows target, Rows weight, int ignored, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            float* scratch = worker.Scratch(x.Width);
            double* sums = stackalloc double[2];
            for (long r = first; r < first + count; r++)
            {
                sums[0] = 0;
                Softmax<L, V>.CrossEntropy(At(x, r), x.Stride, At(target, r), target.Stride, weight.Pointer, ignored, 1,
                    x.Width, scratch, sums);
                *At(y, r) = (float)sums[0];
            }
        }
    }

    readonly struct CrossEntropyTermsBackwardJob(Rows x, Rows target, Rows weight, int ignored, Rows dy, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            for (long r = first; r < first + count; r++)
                Softmax<L, V>.CrossEntropyBackward(At(x, r), x.Stride, At(target, r), target.Stride, weight.Pointer,
                    ignored, *At(dy, r), 1, x.Width, At(dx, r), dx.Stride);
        }
    }
}
