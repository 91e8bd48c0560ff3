using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Dropout(Rows x, int samples, RandomStreams streams, float rate, Rows y) =>
        _pool.Run(new DropoutJob(x, samples, streams, rate, y), StreamChunks(y));

    public override void DropPathScale(RandomStreams streams, float rate, Rows y)
    {
        for (int sample = 0; sample < y.Count; sample++)
            *At(y, sample) = streams.Of(sample).Uniform(0) >= rate ? 1f / (1f - rate) : 0f;
    }

    readonly struct DropoutJob(Rows x, int samples, RandomStreams streams, float rate, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            long perSample = y.Count / samples;
            for (long r = first; r < first + count; r++)
                Kernels.Dropout.Forward(streams.Of((int)(r / perSample)), (ulong)(r % perSample * y.Width), rate,
                    At(x, r), y.Width, At(y, r));
        }
    }
}
