using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void Attention(AttentionRows x, Rows y, Rows logSum)
    {
        var heads = new Heads(x.Batch, x.Heads, Chunks(x.Q.Count / x.Batch, Attention<L, V>.QueryBlock));
        _pool.Run(new AttentionJob(x, y, logSum, heads), heads.Chunks);
    }

    public override void AttentionBackward(AttentionRows x, Rows y, Rows logSum, Rows dy, Rows means, AttentionRows dx)
    {
        var queries = new Heads(x.Batch, x.Heads, Chunks(x.Q.Count / x.Batch, Attention<L, V>.QueryBlock));
        _pool.Run(new QueryGradientJob(x, y, logSum, dy, means, dx.Q, queries), queries.Chunks);
        var keys = new Heads(x.Batch, x.Heads, Chunks(x.K.Count / x.Batch, Attention<L, V>.KeyBlock));
        _pool.Run(new KeyGradientJob(x, logSum, dy, means, dx, keys), keys.Chunks);
    }

    static float ScaleOf(AttentionRows x) => 1f / MathF.Sqrt(x.Q.Width / x.Heads);

    /// <summary>Chunks of one block of rows of one head of one sample.</summary>
    readonly struct Heads(int batch, int heads, int blocks)
    {
        public int Chunks => batch * heads * blocks;

        /// <summary>All rows of the chunk's sample and head.</summary>
        public HeadRows Whole(Rows rows, int chunk)
        {
            (int sample, int head) = Math.DivRem(chunk / blocks, heads);
            long count = rows.Count / batch;
            int width = rows.Width / heads;
            float* first = rows.Pointer + (sample * count * rows.Stride) + (head * width);
            return new HeadRows(first, count, width, rows.Stride);
        }

        /// <summary>The chunk's own block of them.</summary>
        public HeadRows Block(Rows rows, int chunk, int size)
        {
            HeadRows whole = Whole(rows, chunk);
            long first = (long)(chunk % blocks) * size;
            return whole.Slice(first, Math.Min(size, whole.Count - first));
        }
    }

    readonly struct AttentionJob(AttentionRows x, Rows y, Rows logSum, Heads heads) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            const int size = Attention<L, V>.QueryBlock;
            HeadRows k = heads.Whole(x.K, chunk);
            float* scratch = worker.Scratch(Attention<L, V>.ScratchFloats(k.Count, k.Width));
            Attention<L, V>.Forward(heads.Block(x.Q, chunk, size), k, heads.Whole(x.V, chunk), ScaleOf(x), scratch,
                heads.Block(y, chunk, size), heads.Block(logSum, chunk, size));
        }
    }

    readonly struct QueryGradientJob(AttentionRows x, Rows y, Rows logSum, Rows dy, Rows means, Rows dq, Heads heads)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            const int size = Attention<L, V>.QueryBlock;
            HeadRows k = heads.Whole(x.K, chunk);
            float* scratch = worker.Scratch(Attention<L, V>.ScratchFloats(k.Count, k.Width));
            Attention<L, V>.BackwardQueries(heads.Block(x.Q, chunk, size), k, heads.Whole(x.V, chunk),
                heads.Block(y, chunk, size), heads.Block(dy, chunk, size), heads.Block(logSum, chunk, size), ScaleOf(x),
                scratch, heads.Block(dq, chunk, size), heads.Block(means, chunk, size));
        }
    }

    readonly struct KeyGradientJob(AttentionRows x, Rows logSum, Rows dy, Rows means, AttentionRows dx, Heads heads)
        : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            const int size = Attention<L, V>.KeyBlock;
            HeadRows q = heads.Whole(x.Q, chunk);
            float* scratch = worker.Scratch(Attention<L, V>.KeyScratchFloats(q.Width));
            Attention<L, V>.BackwardKeys(q, heads.Block(x.K, chunk, size), heads.Block(x.V, chunk, size),
                heads.Whole(dy, chunk), heads.Whole(logSum, chunk), heads.Whole(means, chunk), ScaleOf(x), scratch,
                heads.Block(dx.K, chunk, size), heads.Block(dx.V, chunk, size));
        }
    }
}
