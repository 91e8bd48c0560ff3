namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>Columns of x that one chunk makes rows of y.</summary>
    const int TransposeColumns = 32;

    public override void Transpose(Rows x, int batch, Rows y) =>
        _pool.Run(new TransposeJob(x, y, Chunks(x.Width, TransposeColumns)), batch * Chunks(x.Width, TransposeColumns));

    readonly struct TransposeJob(Rows x, Rows y, int parts) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, int part) = Math.DivRem(chunk, parts);
            int first = part * TransposeColumns, last = Math.Min(x.Width, first + TransposeColumns);
            Kernels.Transpose.Forward(x.Pointer + ((long)sample * y.Width * x.Stride), x.Stride, y.Width, first, last,
                y.Stride, y.Pointer + ((((long)sample * x.Width) + first) * y.Stride));
        }
    }
}
