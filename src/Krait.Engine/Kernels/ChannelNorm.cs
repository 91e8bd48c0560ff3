using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Passes over rows for norms whose statistics run over positions (batch, group and instance norm): statistics of
/// channels, y = f((x - mean) * scale + bias), and the sums and the pass of the backward.
/// </summary>
/// <remarks>
/// Lanes are channels. Statistics: blocks of <see cref="BlockRows"/> rows in two passes (the second finds the block in
/// the cache), joined by the update of Chan, Golub and LeVeque (1979), so nothing cancels and memory is read once.
/// </remarks>
public static unsafe class ChannelNorm<L, V> where L : struct, ILanes<V> where V : struct
{
    public const int BlockRows = 64;

    /// <summary>Mean and sum of squared distances from it, per channel, over these rows.</summary>
    public static void Statistics(float* x, long stride, long rows, int width, float* mean, float* squares)
    {
        for (long r = 0; r < rows; r += BlockRows, x += BlockRows * stride)
        {
            long count = Math.Min(BlockRows, rows - r);
            V share = L.Set((float)((double)count / (r + count)));
            V cross = L.Set((float)((double)count * r / (r + count)));
            for (int c = 0; c < width; c += L.Count)
            {
                int lanes = Math.Min(L.Count, width - c);
                // Where the JIT knows the lanes it leaves out the tests for them.
                bool isWhole = lanes == L.Count;
                V m = isWhole ? BlockMean(x + c, stride, count, L.Count) : BlockMean(x + c, stride, count, lanes);
                V s = isWhole
                    ? BlockSquares(x + c, stride, count, L.Count, m)
                    : BlockSquares(x + c, stride, count, lanes, m);
                if (r > 0)
                {
                    V old = Part<L, V>.Load(mean + c, lanes);
                    V delta = L.Sub(m, old);
                    s = L.Add(s, L.Fma(L.Mul(delta, delta), cross, Part<L, V>.Load(squares + c, lanes)));
                    m = L.Fma(delta, share, old);
                }
                Part<L, V>.Store(m, mean + c, lanes);
                Part<L, V>.Store(s, squares + c, lanes);
            }
        }
    }

    /// <summary>y = f((x - mean) * scale + bias); bias may be null.</summary>
    internal static void Forward<F>(float parameter, float* x, long xStride, float* mean, float* scale, float* bias,
        long rows, int width, float* y, long yStride) where F : struct, IActivation
    {
        V p = L.Set(parameter);
        int whole = width / L.Count * L.Count, rest = width - whole;
        for (long r = 0; r < rows;)
        {
            // Rows that are left pass as four times the same one.
            int count = rows - r >= 4 ? 4 : 1;
            long xStep = count == 4 ? xStride : 0, yStep = count == 4 ? yStride : 0;
            for (int c = 0; c < whole; c += L.Count)
                FourRows<F>(p, x + c, xStep, mean + c, scale + c, bias == null ? null : bias + c, L.Count, y + c,
                    yStep);
            if (rest > 0)
                FourRows<F>(p, x + whole, xStep, mean + whole, scale + whole, bias == null ? null : bias + whole, rest,
                    y + whole, yStep);
            r += count;
            x += count * xStride;
            y += count * yStride;
        }
    }

    /// <summary>A register of channels of four rows, all read before one is written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FourRows<F>(V parameter, float* x, long xStride, float* mean, float* scale, float* bias, int lanes,
        float* y, long yStride) where F : struct, IActivation
    {
        V m = Part<L, V>.Load(mean, lanes), s = Part<L, V>.Load(scale, lanes);
        V shift = bias == null ? L.Zero : Part<L, V>.Load(bias, lanes);
        V a = L.Mul(L.Sub(Part<L, V>.Load(x, lanes), m), s);
        V b = L.Mul(L.Sub(Part<L, V>.Load(x + xStride, lanes), m), s);
        V c = L.Mul(L.Sub(Part<L, V>.Load(x + (2 * xStride), lanes), m), s);
        V d = L.Mul(L.Sub(Part<L, V>.Load(x + (3 * xStride), lanes), m), s);
        Part<L, V>.Store(F.Value<L, V>(L.Add(a, shift), parameter), y, lanes);
        Part<L, V>.Store(F.Value<L, V>(L.Add(b, shift), parameter), y + yStride, lanes);
        Part<L, V>.Store(F.Value<L, V>(L.Add(c, shift), parameter), y + (2 * yStride), lanes);
        Part<L, V>.Store(F.Value<L, V>(L.Add(d, shift), parameter), y + (3 * yStride), lanes);
    }

    /// <summary>With g = dy f'(u): sums of g and of g * (x - mean), per channel, over these rows.</summary>
    internal static void Sums<F>(float parameter, float* x, long xStride, float* mean, float* scale, float* bias,
        float* dy, long dyStride, long rows, int width, float* sumG, float* sumGx) where F : struct, IActivation
    {
        V p = L.Set(parameter);
        for (int c = 0; c < width; c += L.Count)
        {
            int lanes = Math.Min(L.Count, width - c);
            V m = Part<L, V>.Load(mean + c, lanes), total = L.Zero, totalX = L.Zero;
            for (long r = 0; r < rows; r += BlockRows)
            {
                V s = L.Zero, sx = L.Zero;
                long end = Math.Min(rows, r + BlockRows);
                for (long k = r; k < end; k++)
                {
                    V g = Part<L, V>.Load(dy + (k * dyStride) + c, lanes);
                    if (typeof(F) != typeof(NoActivation))
                        g = L.Mul(g, F.Slope<L, V>(Normed(x + (k * xStride), mean, scale, bias, c, lanes), p));
                    s = L.Add(s, g);
                    sx = L.Fma(g, L.Sub(Part<L, V>.Load(x + (k * xStride) + c, lanes), m), sx);
                }
                total = L.Add(total, s);
                totalX = L.Add(totalX, sx);
            }
            Part<L, V>.Store(total, sumG + c, lanes);
            Part<L, V>.Store(totalX, sumGx + c, lanes);
        }
    }

    /// <summary>dx = (addend +) g * scale - offset - (x - mean) * slope, g = dy f'(u), all four per channel.</summary>
    internal static void Input<F>(float parameter, float* x, long xStride, float* mean, float* scale, float* bias,
        float* offset, float* slope, float* dy, long dyStride, float* addend, long addendStride, long rows, int width,
        float* dx, long dxStride) where F : struct, IActivation
    {
        V p = L.Set(parameter);
        for (long r = 0; r < rows; r++)
        {
            for (int c = 0; c < width; c += L.Count)
            {
                int lanes = Math.Min(L.Count, width - c);
                V g = Part<L, V>.Load(dy + c, lanes);
                if (typeof(F) != typeof(NoActivation))
                    g = L.Mul(g, F.Slope<L, V>(Normed(x, mean, scale, bias, c, lanes), p));
                V centred = L.Sub(Part<L, V>.Load(x + c, lanes), Part<L, V>.Load(mean + c, lanes));
                V d = L.Fma(g, Part<L, V>.Load(scale + c, lanes), L.Negate(Part<L, V>.Load(offset + c, lanes)));
                d = L.FmaNegated(centred, Part<L, V>.Load(slope + c, lanes), d);
                Part<L, V>.Store(addend == null ? d : L.Add(d, Part<L, V>.Load(addend + c, lanes)), dx + c, lanes);
            }
            x += xStride;
            dy += dyStride;
            addend += addend == null ? 0 : addendStride;
            dx += dxStride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Normed(float* x, float* mean, float* scale, float* bias, int c, int lanes)
    {
        V centred = L.Sub(Part<L, V>.Load(x + c, lanes), Part<L, V>.Load(mean + c, lanes));
        V u = L.Mul(centred, Part<L, V>.Load(scale + c, lanes));
        return bias == null ? u : L.Add(u, Part<L, V>.Load(bias + c, lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V BlockMean(float* x, long stride, long rows, int lanes)
    {
        V s0 = L.Zero, s1 = L.Zero;
        long r = 0;
        for (; r + 2 <= rows; r += 2, x += 2 * stride)
        {
            s0 = L.Add(s0, Part<L, V>.Load(x, lanes));
            s1 = L.Add(s1, Part<L, V>.Load(x + stride, lanes));
        }
        if (r < rows)
            s0 = L.Add(s0, Part<L, V>.Load(x, lanes));
        return L.Div(L.Add(s0, s1), L.Set(rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V BlockSquares(float* x, long stride, long rows, int lanes, V mean)
    {
        V s0 = L.Zero, s1 = L.Zero;
        long r = 0;
        for (; r + 2 <= rows; r += 2, x += 2 * stride)
        {
            V a = L.Sub(Part<L, V>.Load(x, lanes), mean), b = L.Sub(Part<L, V>.Load(x + stride, lanes), mean);
            s0 = L.Fma(a, a, s0);
            s1 = L.Fma(b, b, s1);
        }
        if (r < rows)
        {
            V a = L.Sub(Part<L, V>.Load(x, lanes), mean);
            s0 = L.Fma(a, a, s0);
        }
        return L.Add(s0, s1);
    }
}
