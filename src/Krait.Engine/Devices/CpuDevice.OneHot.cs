namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void OneHot(Rows labels, Rows y) => _pool.Run(new OneHotJob(labels, y), StreamChunks(y));

    readonly struct OneHotJob(Rows labels, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Kernels.OneHot.Forward(At(labels, first), labels.Stride, count, y.Width, At(y, first), y.Stride);
        }
    }
}
