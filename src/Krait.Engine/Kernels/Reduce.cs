using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Sums over rows (one number a column) and over columns (one number a row), and the largest of a row.
/// </summary>
/// <remarks>
/// Lanes are columns for sums over rows. A block of <see cref="BlockRows"/> rows is summed plainly with four
/// accumulators; blocks are added with compensation, so the error does not grow with the number of rows.
/// </remarks>
public static unsafe class Reduce<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Rows that are summed without compensation.</summary>
    public const int BlockRows = 128;

    /// <summary>y[c] = sum over rows of x, or of x * times where <paramref name="times"/> is not null.</summary>
    public static void Columns(float* x, long xStride, float* times, long timesStride, long rows, int width, float* y)
    {
        for (int c = 0; c < width; c += L.Count)
        {
            int lanes = Math.Min(L.Count, width - c);
            V sum = L.Zero, lost = L.Zero;
            for (long r = 0; r < rows; r += BlockRows)
            {
                long count = Math.Min(BlockRows, rows - r);
                V block = times == null
                    ? Block(x + (r * xStride) + c, xStride, count, lanes)
                    : Block(x + (r * xStride) + c, xStride, times + (r * timesStride) + c, timesStride, count, lanes);
                Compensated(ref sum, ref lost, block);
            }
            Part<L, V>.Store(sum, y + c, lanes);
        }
    }

    /// <summary>y[c] = scale * sum over <paramref name="count"/> partial rows, in order, compensated.</summary>
    public static void Combine(float* partials, long stride, long count, int width, float scale, float* y)
    {
        for (int c = 0; c < width; c += L.Count)
        {
            int lanes = Math.Min(L.Count, width - c);
            V sum = L.Zero, lost = L.Zero;
            for (long k = 0; k < count; k++)
                Compensated(ref sum, ref lost, Part<L, V>.Load(partials + (k * stride) + c, lanes));
            Part<L, V>.Store(L.Mul(sum, L.Set(scale)), y + c, lanes);
        }
    }

    /// <summary>
    /// Sum of everything, or of all products with <paramref name="times"/>; rows are added with compensation.
    /// </summary>
    public static float All(float* x, long xStride, float* times, long timesStride, long rows, int width)
    {
        float sum = 0f, lost = 0f;
        long step = 1, length = width;
        if (xStride == width && (times == null || timesStride == width))
            (step, length) = (Math.Max(1, 4096 / width), Math.Max(1, 4096 / width) * (long)width);
        for (long r = 0; r < rows; r += step)
        {
            long n = Math.Min(length, (rows - r) * width);
            float term = times == null
                ? Sum(x + (r * xStride), n)
                : Dot(x + (r * xStride), times + (r * timesStride), n);
            float y = term - lost, t = sum + y;
            lost = t - sum - y;
            sum = t;
        }
        return sum;
    }

    /// <summary>
    /// y[r] = scale * sum over columns of x, or of x * times where <paramref name="times"/> is not null.
    /// </summary>
    public static void Row(float* x, long xStride, float* times, long timesStride, long rows, int width, float scale,
        float* y, long yStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, times += timesStride, y += yStride)
            *y = scale * (times == null ? Sum(x, width) : Dot(x, times, width));
    }

    /// <summary>y[r] = the largest of row r; NaN if there is one.</summary>
    public static void RowMax(float* x, long xStride, long rows, int width, float* y, long yStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, y += yStride)
            *y = Max(x, width);
    }

    /// <summary>dx = dy at the first place that holds the row's largest number y, else 0.</summary>
    public static void RowMaxBackward(float* x, long xStride, float* y, long yStride, float* dy, long dyStride,
        long rows, int width, float* dx, long dxStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, y += yStride, dy += dyStride, dx += dxStride)
        {
            float rest = *dy;
            for (int i = 0; i < width; i++)
            {
                bool hit = x[i] == *y;
                dx[i] = hit ? rest : 0f;
                if (hit)
                    rest = 0f;
            }
        }
    }

    /// <summary>Sum of a row: four accumulators, then a fixed tree.</summary>
    public static float Sum(float* x, long width)
    {
        V s0 = L.Zero, s1 = L.Zero, s2 = L.Zero, s3 = L.Zero;
        long i = 0;
        for (; i + (4 * L.Count) <= width; i += 4 * L.Count)
        {
            s0 = L.Add(s0, L.Load(x + i));
            s1 = L.Add(s1, L.Load(x + i + L.Count));
            s2 = L.Add(s2, L.Load(x + i + (2 * L.Count)));
            s3 = L.Add(s3, L.Load(x + i + (3 * L.Count)));
        }
        for (; i + L.Count <= width; i += L.Count)
            s0 = L.Add(s0, L.Load(x + i));
        if (i < width)
            s1 = L.Add(s1, L.LoadFirst(x + i, (int)(width - i)));
        return L.Sum(L.Add(L.Add(s0, s1), L.Add(s2, s3)));
    }

    /// <summary>Sum of products of two rows.</summary>
    public static float Dot(float* x, float* y, long width)
    {
        V s0 = L.Zero, s1 = L.Zero, s2 = L.Zero, s3 = L.Zero;
        long i = 0;
        for (; i + (4 * L.Count) <= width; i += 4 * L.Count)
        {
            s0 = L.Fma(L.Load(x + i), L.Load(y + i), s0);
            s1 = L.Fma(L.Load(x + i + L.Count), L.Load(y + i + L.Count), s1);
            s2 = L.Fma(L.Load(x + i + (2 * L.Count)), L.Load(y + i + (2 * L.Count)), s2);
            s3 = L.Fma(L.Load(x + i + (3 * L.Count)), L.Load(y + i + (3 * L.Count)), s3);
        }
        for (; i + L.Count <= width; i += L.Count)
            s0 = L.Fma(L.Load(x + i), L.Load(y + i), s0);
        if (i < width)
            s1 = L.Fma(L.LoadFirst(x + i, (int)(width - i)), L.LoadFirst(y + i, (int)(width - i)), s1);
        return L.Sum(L.Add(L.Add(s0, s1), L.Add(s2, s3)));
    }

    static float Max(float* x, int width)
    {
        float best = float.NegativeInfinity;
        int i = 0;
        if (width >= L.Count)
        {
            V m = L.Load(x), unordered = L.Zero;
            for (; i + L.Count <= width; i += L.Count)
            {
                V v = L.Load(x + i);
                unordered = L.Add(unordered, L.Sub(v, v));
                m = L.Max(m, v);
            }
            best = L.MaxLane(m);
            // v - v is 0 for numbers and NaN for NaN and infinities; only a true NaN may replace the maximum.
            if (float.IsNaN(L.Sum(unordered)))
                i = 0;
        }
        for (; i < width; i++)
            best = MathF.Max(best, x[i]);
        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Compensated(ref V sum, ref V lost, V term)
    {
        V y = L.Sub(term, lost);
        V t = L.Add(sum, y);
        lost = L.Sub(L.Sub(t, sum), y);
        sum = t;
    }

    static V Block(float* x, long stride, long rows, int lanes)
    {
        V s0 = L.Zero, s1 = L.Zero, s2 = L.Zero, s3 = L.Zero;
        long r = 0;
        if (lanes == L.Count)
            for (; r + 4 <= rows; r += 4, x += 4 * stride)
            {
                s0 = L.Add(s0, L.Load(x));
                s1 = L.Add(s1, L.Load(x + stride));
                s2 = L.Add(s2, L.Load(x + (2 * stride)));
                s3 = L.Add(s3, L.Load(x + (3 * stride)));
            }
        for (; r < rows; r++, x += stride)
            s0 = L.Add(s0, Part<L, V>.Load(x, lanes));
        return L.Add(L.Add(s0, s1), L.Add(s2, s3));
    }

    static V Block(float* x, long stride, float* times, long timesStride, long rows, int lanes)
    {
        V s0 = L.Zero, s1 = L.Zero;
        long r = 0;
        if (lanes == L.Count)
            for (; r + 2 <= rows; r += 2, x += 2 * stride, times += 2 * timesStride)
            {
                s0 = L.Fma(L.Load(x), L.Load(times), s0);
                s1 = L.Fma(L.Load(x + stride), L.Load(times + timesStride), s1);
            }
        for (; r < rows; r++, x += stride, times += timesStride)
            s0 = L.Fma(Part<L, V>.Load(x, lanes), Part<L, V>.Load(times, lanes), s0);
        return L.Add(s0, s1);
    }
}
