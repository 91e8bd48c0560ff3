using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>Floats that one chunk of a streaming pass handles: large enough to hide the hand-over.</summary>
    const long StreamChunk = 1 << 15;

    public override void Fill(Rows y, float number) =>
        _pool.Run(new FillJob(y.AsLongRows(), number), StreamChunks(y.AsLongRows()));

    public override void Copy(Rows x, Rows y)
    {
        Flatten(ref x, ref y);
        _pool.Run(new CopyJob(x, y), StreamChunks(y));
    }

    public override void Add(Rows a, Rows b, Rows y)
    {
        if (a.IsDense && b.IsDense && y.IsDense)
            (a, b, y) = (a.AsLongRows(), b.AsLongRows(), y.AsLongRows());
        _pool.Run(new AddJob(a, b, y), StreamChunks(y));
    }

    static void Flatten(ref Rows x, ref Rows y)
    {
        if (x.IsDense && y.IsDense)
            (x, y) = (x.AsLongRows(), y.AsLongRows());
    }

    /// <summary>Rows of one chunk: a function of the width alone.</summary>
    static long StreamRows(int width) => Math.Max(1, StreamChunk / width);

    static int StreamChunks(Rows y) => Chunks(y.Count, StreamRows(y.Width));

    /// <summary>First row and number of rows of a chunk.</summary>
    static (long First, long Count) StreamRange(Rows y, int chunk)
    {
        long size = StreamRows(y.Width);
        long first = chunk * size;
        return (first, Math.Min(size, y.Count - first));
    }

    readonly struct FillJob(Rows y, float number) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Streams<L, V>.Fill(number, count, y.Width, y.Stride, y.Pointer + (first * y.Stride));
        }
    }

    readonly struct CopyJob(Rows x, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Streams<L, V>.Copy(x.Pointer + (first * x.Stride), x.Stride, count, y.Width, y.Stride,
                y.Pointer + (first * y.Stride));
        }
    }

    readonly struct AddJob(Rows a, Rows b, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            Streams<L, V>.Add(a.Pointer + (first * a.Stride), a.Stride, b.Pointer + (first * b.Stride), b.Stride,
                count, y.Width, y.Stride, y.Pointer + (first * y.Stride));
        }
    }
}
