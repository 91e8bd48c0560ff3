using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Interpolate(Rows x, InterpolateAxis depth, InterpolateAxis height, InterpolateAxis across,
        Rows y)
    {
        long lines = y.Count / across.Output;
        long each = Math.Max(1, StreamChunk / ((long)across.Output * y.Width));
        _pool.Run(new InterpolateJob(x, depth, height, across, lines, each, y), Chunks(lines, each));
    }

    public override void InterpolateBackward(Rows dy, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across, Rows dx)
    {
        Fill(dx, 0f);
        int samples = checked((int)(dx.Count / ((long)depth.Input * height.Input * across.Input)));
        _pool.Run(new InterpolateBackwardJob(dy, depth, height, across, dx),
            samples * Chunks(dx.Width, ChannelBlock));
    }

    readonly struct InterpolateJob(Rows x, InterpolateAxis depth, InterpolateAxis height, InterpolateAxis across,
        long lines, long each, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            for (long line = chunk * each; line < Math.Min(lines, (chunk + 1) * each); line++)
            {
                int oh = (int)(line % height.Output), od = (int)(line / height.Output % depth.Output);
                long sample = line / height.Output / depth.Output;
                Interpolate<L, V>.Line(At(x, sample * depth.Input * height.Input * across.Input), x.Stride, depth,
                    height, across, od, oh, y.Width, At(y, line * across.Output), y.Stride);
            }
        }
    }

    readonly struct InterpolateBackwardJob(Rows dy, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            int blocks = Chunks(dx.Width, ChannelBlock), channel = chunk % blocks * ChannelBlock;
            long sample = chunk / blocks;
            Interpolate<L, V>.Backward(At(dy, sample * depth.Output * height.Output * across.Output) + channel,
                dy.Stride, depth, height, across, Math.Min(ChannelBlock, dx.Width - channel),
                At(dx, sample * depth.Input * height.Input * across.Input) + channel, dx.Stride);
        }
    }
}
