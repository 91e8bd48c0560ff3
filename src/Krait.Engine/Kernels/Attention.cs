using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Scaled dot-product attention of one head: y = softmax(scale Q Kᵀ) V, all in row-major pieces.</summary>
/// <remarks>
/// Vaswani et al., arXiv:1706.03762, equation 1. Scores are made for a block of queries at a time and never kept: the
/// gradient makes them again from the logarithm of each row's sum. Q, K, V and what belongs to them are rows of D
/// channels, a stride apart.
/// </remarks>
static unsafe class Attention<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Queries whose scores are made together.</summary>
    public const int QueryBlock = MatMul<L, V>.RowBlock;

    /// <summary>Keys whose gradients are made together.</summary>
    public const int KeyBlock = 64;

    /// <summary>Floats that <see cref="Forward"/> and <see cref="BackwardQueries"/> need.</summary>
    public static long ScratchFloats(long keys, int d) => (2 * QueryBlock * keys) + PackedFloats(keys, d);

    /// <summary>Floats that <see cref="BackwardKeys"/> needs.</summary>
    public static long KeyScratchFloats(int d) => (2 * QueryBlock * KeyBlock)
        + Math.Max(PackedFloats(KeyBlock, d), MatMul<L, V>.TransposedScratchFloats(KeyBlock));

    /// <summary>y and ln(sum exp(scores)) of at most <see cref="QueryBlock"/> queries over all keys.</summary>
    public static void Forward(HeadRows q, HeadRows k, HeadRows v, float scale, float* scratch, HeadRows y,
        HeadRows logSum)
    {
        float* scores = scratch, packed = scratch + (q.Count * k.Count);
        int keys = (int)k.Count;
        Products(q, k, packed, scores);
        for (long r = 0; r < q.Count; r++)
        {
            float* row = scores + (r * keys);
            Affine<L, V>.Forward(row, keys, scale, 0f, 1, keys, row, keys);
            float largest = Softmax<L, V>.Largest(row, keys), sum = Softmax<L, V>.Exps(row, keys, largest, row);
            Affine<L, V>.Forward(row, keys, 1f / sum, 0f, 1, keys, row, keys);
            *logSum.Row(r) = largest + MathF.Log(sum);
        }
        Combine(scores, q.Count, v, packed, y);
    }

    /// <summary>dq of at most <see cref="QueryBlock"/> queries, and of each the product of y and dy.</summary>
    public static void BackwardQueries(HeadRows q, HeadRows k, HeadRows v, HeadRows y, HeadRows dy, HeadRows logSum,
        float scale, float* scratch, HeadRows dq, HeadRows meanOut)
    {
        float* p = scratch, ds = p + (q.Count * k.Count), packed = ds + (q.Count * k.Count);
        for (long r = 0; r < q.Count; r++)
            *meanOut.Row(r) = Reduce<L, V>.Dot(y.Row(r), dy.Row(r), y.Width);
        ScoreGradients(q, k, v, dy, logSum, meanOut, scale, packed, p, ds);
        Combine(ds, q.Count, k, packed, dq);
    }

    /// <summary>dk and dv of at most <see cref="KeyBlock"/> keys over all queries.</summary>
    public static void BackwardKeys(HeadRows q, HeadRows k, HeadRows v, HeadRows dy, HeadRows logSum, HeadRows mean,
        float scale, float* scratch, HeadRows dk, HeadRows dv)
    {
        long keys = k.Count;
        float* p = scratch, ds = p + (QueryBlock * keys), packed = ds + (QueryBlock * keys);
        for (long first = 0; first < q.Count; first += QueryBlock)
        {
            long count = Math.Min(QueryBlock, q.Count - first);
            HeadRows qs = q.Slice(first, count), dys = dy.Slice(first, count);
            ScoreGradients(qs, k, v, dys, logSum.Slice(first, count), mean.Slice(first, count), scale, packed, p, ds);
            AddTransposed(p, keys, dys, first > 0, packed, dv);
            AddTransposed(ds, keys, qs, first > 0, packed, dk);
        }
    }

    /// <summary>p = softmax of the scores; ds = scale p (dy Vᵀ - mean).</summary>
    static void ScoreGradients(HeadRows q, HeadRows k, HeadRows v, HeadRows dy, HeadRows logSum, HeadRows mean,
        float scale, float* packed, float* p, float* ds)
    {
        int keys = (int)k.Count;
        Products(q, k, packed, p);
        Products(dy, v, packed, ds);
        V scales = L.Set(scale);
        for (long r = 0; r < q.Count; r++)
        {
            float* pRow = p + (r * keys), dsRow = ds + (r * keys);
            V shift = L.Set(*logSum.Row(r)), middle = L.Set(*mean.Row(r));
            for (int i = 0; i < keys; i += L.Count)
            {
                int lanes = Math.Min(L.Count, keys - i);
                V score = L.Sub(L.Mul(Part<L, V>.Load(pRow + i, lanes), scales), shift);
                V probability = VectorMath<L, V>.Exp(score);
                V slope = L.Mul(scales, L.Sub(Part<L, V>.Load(dsRow + i, lanes), middle));
                Part<L, V>.Store(probability, pRow + i, lanes);
                Part<L, V>.Store(L.Mul(probability, slope), dsRow + i, lanes);
            }
        }
    }

    /// <summary>y[r, j] = sum over channels of a[r] b[j].</summary>
    static void Products(HeadRows a, HeadRows b, float* packed, float* y)
    {
        long panels = MatMulPack<L, V>.Panels(b.Count);
        MatMulPack<L, V>.Panels(b.Pointer, 1, b.Stride, b.Width, b.Count, 0, panels, packed,
            b.Width * MatMulTile<L, V>.PanelWidth);
        MatMul<L, V>.Forward(a.Pointer, a.Stride, 1, a.Width, packed, b.Count, null, null, 0, 0, a.Count, 0, panels, y,
            b.Count);
    }

    /// <summary>y[r] = sum over j of weights[r, j] b[j].</summary>
    static void Combine(float* weights, long rows, HeadRows b, float* packed, HeadRows y)
    {
        long panels = MatMulPack<L, V>.Panels(b.Width);
        MatMulPack<L, V>.Panels(b.Pointer, b.Stride, 1, b.Count, b.Width, 0, panels, packed,
            b.Count * MatMulTile<L, V>.PanelWidth);
        MatMul<L, V>.Forward(weights, b.Count, 1, b.Count, packed, b.Width, null, null, 0, 0, rows, 0, panels,
            y.Pointer, y.Stride);
    }

    /// <summary>y[j] (+)= sum over rows of weights[r, j] b[r].</summary>
    static void AddTransposed(float* weights, long keys, HeadRows b, bool accumulate, float* scratch, HeadRows y) =>
        MatMul<L, V>.Transposed(weights, keys, b.Pointer, b.Stride, b.Count, 0, keys, keys, 0, b.Width, accumulate,
            scratch, y.Pointer, y.Stride);

    static long PackedFloats(long keys, int d) =>
        Math.Max(MatMulPack<L, V>.Floats(d, keys), MatMulPack<L, V>.Floats(keys, d));
}

/// <summary>The channels of one head in rows of one sample.</summary>
readonly unsafe struct HeadRows(float* pointer, long count, int width, long stride)
{
    public readonly float* Pointer = pointer;
    public readonly long Count = count;
    public readonly int Width = width;
    public readonly long Stride = stride;

    public float* Row(long i) => Pointer + (i * Stride);

    public HeadRows Slice(long first, long count) => new(Row(first), count, Width, Stride);
}
