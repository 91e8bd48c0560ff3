namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Window(Rows x, Shape xShape, (int D, int H, int W) begin, Shape yShape, Rows y)
    {
        (int d, int h, _) = yShape.Spatial;
        _pool.Run(new WindowJob(x, y, xShape.Spatial, begin, yShape.Spatial), yShape.Batch * d * h);
    }

    /// <summary>One chunk is one line along the last spatial axis of y.</summary>
    readonly struct WindowJob(Rows x, Rows y, (int D, int H, int W) from, (int D, int H, int W) begin,
        (int D, int H, int W) to) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int plane, int h) = Math.DivRem(chunk, to.H);
            (int sample, int d) = Math.DivRem(plane, to.D);
            (d, h) = (d + begin.D, h + begin.H);
            bool inside = d >= 0 && d < from.D && h >= 0 && h < from.H;
            long line = (((long)sample * from.D) + d) * from.H + h;
            float* source = inside ? x.Pointer + (line * from.W * x.Stride) : null;
            Kernels.Window.Line(source, x.Stride, from.W, begin.W, to.W, y.Width, y.Stride,
                y.Pointer + ((long)chunk * to.W * y.Stride));
        }
    }
}
