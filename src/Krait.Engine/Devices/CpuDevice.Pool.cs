using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>
    /// Channels of one chunk where lines alone are too few: whole registers of every instruction set.
    /// </summary>
    const int ChannelBlock = 32;

    public override void Pool(bool isMax, Rows x, PoolAxis depth, PoolAxis height, PoolAxis across, Rows y)
    {
        long samples = y.Count / ((long)depth.Output * height.Output * across.Output);
        int lines = checked((int)(samples * depth.Output * height.Output));
        int block = lines >= 16 ? y.Width : ChannelBlock;
        _pool.Run(new PoolJob(isMax, x, depth, height, across, block, y), lines * Chunks(y.Width, block));
    }

    public override void PoolBackward(bool isMax, Rows x, Rows y, Rows dy, PoolAxis depth, PoolAxis height,
        PoolAxis across, Rows dx)
    {
        Fill(dx, 0f);
        int samples = checked((int)(dx.Count / ((long)depth.Input * height.Input * across.Input)));
        if (isMax && depth.IsApart && height.IsApart)
        {
            _pool.Run(new MaxBackwardJob(x, y, dy, depth, height, across, dx),
                samples * depth.Output * height.Output);
            return;
        }
        _pool.Run(new PoolBackwardJob(isMax, x, y, dy, depth, height, across, dx),
            samples * Chunks(dx.Width, ChannelBlock));
    }

    readonly struct PoolJob(bool isMax, Rows x, PoolAxis depth, PoolAxis height, PoolAxis across, int block, Rows y)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            int blocks = Chunks(y.Width, block), channel = chunk % blocks * block, line = chunk / blocks;
            int oh = line % height.Output, od = line / height.Output % depth.Output;
            long sample = line / height.Output / depth.Output;
            Pool<L, V>.Line(isMax,
                At(x, sample * depth.Input * height.Input * across.Input) + channel, x.Stride, depth, height, across,
                od, oh, Math.Min(block, y.Width - channel), At(y, (long)line * across.Output) + channel, y.Stride);
        }
    }

    readonly struct PoolBackwardJob(bool isMax, Rows x, Rows y, Rows dy, PoolAxis depth, PoolAxis height,
        PoolAxis across, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            int blocks = Chunks(dx.Width, ChannelBlock), channel = chunk % blocks * ChannelBlock;
            long sample = chunk / blocks, first = sample * depth.Input * height.Input * across.Input;
            long firstOut = sample * depth.Output * height.Output * across.Output;
            int width = Math.Min(ChannelBlock, dx.Width - channel);
            if (!isMax)
            {
                Pool<L, V>.AverageBackward(At(dy, firstOut) + channel, dy.Stride, depth, height, across, width,
                    At(dx, first) + channel, dx.Stride);
                return;
            }
            for (int line = 0; line < depth.Output * height.Output; line++)
            {
                long cell = firstOut + ((long)line * across.Output);
                Pool<L, V>.MaxBackward(At(x, first) + channel, x.Stride, At(y, cell) + channel, y.Stride,
                    At(dy, cell) + channel, dy.Stride, depth, height, across, line / height.Output,
                    line % height.Output, width, At(dx, first) + channel, dx.Stride);
            }
        }
    }

    /// <summary>One output line whose windows share no cell with those of another.</summary>
    readonly struct MaxBackwardJob(Rows x, Rows y, Rows dy, PoolAxis depth, PoolAxis height, PoolAxis across, Rows dx)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long sample = chunk / height.Output / depth.Output, cell = (long)chunk * across.Output;
            long first = sample * depth.Input * height.Input * across.Input;
            Pool<L, V>.MaxBackward(At(x, first), x.Stride, At(y, cell), y.Stride, At(dy, cell), dy.Stride, depth,
                height, across, chunk / height.Output % depth.Output, chunk % height.Output, dx.Width, At(dx, first),
                dx.Stride);
        }
    }
}
