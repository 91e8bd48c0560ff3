using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    /// <summary>A sum over rows is cut into at most so many parts, a number that no thread count changes.</summary>
    const int MaxParts = 64;

    /// <summary>Smallest part of a sum in floats.</summary>
    const long PartFloats = 1 << 13;

    /// <summary>Partial results of the calling thread; chunks use the scratch of their worker instead.</summary>
    readonly ThreadLocal<Worker> _partials = new(() => new Worker(), trackAllValues: true);

    bool _partialsAreFreed;

    void FreePartials()
    {
        if (_partialsAreFreed)
            return;
        _partialsAreFreed = true;
        foreach (Worker worker in _partials.Values)
            worker.Free();
        _partials.Dispose();
    }

    public override void Reduce(Rows x, Rows times, long repeat, float scale, Rows y)
    {
        bool isGrouped = y.Count * repeat == x.Count;
        if (y.Width == 1 && x.Width > 1 && y.Count == x.Count)
            _pool.Run(new RowSumJob(x, times, scale, y), StreamChunks(x));
        else if (y.Width == 1 && x.Width > 1 && !isGrouped)
            throw new ShapeException($"reduce: not over the first axes and the channels at once; got {x.Count} to "
                + $"{y.Count} rows. Reduce in two steps.");
        else if (isGrouped)
            ReduceGroups(x, times, repeat, scale, y);
        else
            ReduceModulo(x, times, scale, y);
    }

    public override void RowMax(Rows x, Rows y) => _pool.Run(new RowMaxJob(x, y), StreamChunks(x));

    public override void RowMaxBackward(Rows x, Rows y, Rows dy, Rows dx) =>
        _pool.Run(new RowMaxBackwardJob(x, y, dy, dx), StreamChunks(x));

    /// <summary>Parts of a sum over <paramref name="rows"/> rows and the rows of one part; by shape alone.</summary>
    static (int Parts, long RowsEach) Parts(long rows, int width)
    {
        long each = Math.Max((rows + MaxParts - 1) / MaxParts, Math.Max(1, PartFloats / width));
        return (Chunks(rows, each), each);
    }

    void ReduceGroups(Rows x, Rows times, long rows, float scale, Rows y)
    {
        bool toNumber = y.Width == 1;
        (int parts, long each) = Parts(rows, x.Width);
        int groups = checked((int)y.Count);
        float* partials = _partials.Value!.Scratch((long)parts * groups * y.Width);
        _pool.Run(new ReduceJob(x, times, rows, parts, each, toNumber, y.Width, partials), parts * groups);
        for (int g = 0; g < groups; g++)
            Reduce<L, V>.Combine(partials + ((long)g * parts * y.Width), y.Width, parts, y.Width, scale,
                y.Pointer + (g * y.Stride));
    }

    /// <summary>Sums over the first axis: row k of y gets rows k, k + y.Count, ...</summary>
    void ReduceModulo(Rows x, Rows times, float scale, Rows y) =>
        _pool.Run(new ReduceModuloJob(x, times, scale, y), StreamChunks(y));

    readonly struct RowSumJob(Rows x, Rows times, float scale, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            Reduce<L, V>.Row(x.Pointer + (first * x.Stride), x.Stride,
                times.Exists ? times.Pointer + (first * times.Stride) : null, times.Stride, count, x.Width, scale,
                y.Pointer + (first * y.Stride), y.Stride);
        }
    }

    readonly struct ReduceJob(Rows x, Rows times, long rows, int parts, long each, bool toNumber, int width,
        float* partials) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long start = (chunk % parts) * each, first = ((chunk / parts) * rows) + start;
            long count = Math.Min(each, rows - start);
            float* px = x.Pointer + (first * x.Stride);
            float* pt = times.Exists ? times.Pointer + (first * times.Stride) : null;
            float* y = partials + ((long)chunk * width);
            if (toNumber)
                *y = Reduce<L, V>.All(px, x.Stride, pt, times.Stride, count, x.Width);
            else
                Reduce<L, V>.Columns(px, x.Stride, pt, times.Stride, count, x.Width, y);
        }
    }

    readonly struct ReduceModuloJob(Rows x, Rows times, float scale, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(y, chunk);
            for (long r = first; r < first + count; r++)
            {
                float* to = y.Pointer + (r * y.Stride);
                Reduce<L, V>.Columns(x.Pointer + (r * x.Stride), x.Stride * y.Count,
                    times.Exists ? times.Pointer + (r * times.Stride) : null, times.Stride * y.Count,
                    x.Count / y.Count, x.Width, to);
                Affine<L, V>.Forward(to, 0, scale, 0f, 1, y.Width, to, 0);
            }
        }
    }

    readonly struct RowMaxJob(Rows x, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            Reduce<L, V>.RowMax(x.Pointer + (first * x.Stride), x.Stride, count, x.Width,
                y.Pointer + (first * y.Stride), y.Stride);
        }
    }

    readonly struct RowMaxBackwardJob(Rows x, Rows y, Rows dy, Rows dx) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            Reduce<L, V>.RowMaxBackward(x.Pointer + (first * x.Stride), x.Stride, y.Pointer + (first * y.Stride),
                y.Stride, dy.Pointer + (first * dy.Stride), dy.Stride, count, x.Width,
                dx.Pointer + (first * dx.Stride), dx.Stride);
        }
    }
}
