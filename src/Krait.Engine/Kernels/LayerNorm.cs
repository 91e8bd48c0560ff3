using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>
/// Layer norm over the channels of each row: y = (x - mean) * rstd * weight + bias, optionally times SiLU(gate).
/// </summary>
/// <remarks>
/// Ba, Kiros and Hinton, arXiv:1607.06450. Statistics take two passes over a row that lies in the first-level cache,
/// so they do not cancel. Weight and bias may be null (1 and 0). Lanes run along channels, remainders are masked.
/// </remarks>
public static unsafe class LayerNorm<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>
    /// Writes y and the statistics of each row: stats[2 r] = mean, stats[2 r + 1] = 1 / sqrt(var + eps); stats may be
    /// null.
    /// </summary>
    public static void Forward(float* x, long xStride, float* weight, float* bias, float* gate, long gateStride,
        float eps, long rows, int width, float* stats, float* y, long yStride)
    {
        // Rows that are left pass as four times the same one: every row takes the same instructions.
        for (long r = 0; r < rows;)
        {
            int count = rows - r >= 4 ? 4 : 1;
            FourRows(x, count == 4 ? xStride : 0, weight, bias, eps, width, stats, y, count == 4 ? yStride : 0);
            for (int i = 0; i < count && gate != null; i++)
                Silu<L, V>.Gate(gate + (i * gateStride), width, y + (i * yStride));
            r += count;
            x += count * xStride;
            gate += count * gateStride;
            stats += stats == null ? 0 : 2 * count;
            y += count * yStride;
        }
    }

    /// <summary>Four rows side by side: their sums over lanes are one, and none waits for another's.</summary>
    static void FourRows(float* x, long stride, float* weight, float* bias, float eps, int width, float* stats,
        float* y, long yStride)
    {
        float* x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride;
        V a = L.Zero, b = a, c = a, d = a, a1 = a, b1 = a, c1 = a, d1 = a;
        int i = 0;
        for (; i + (2 * L.Count) <= width; i += 2 * L.Count)
        {
            a = L.Add(a, L.Load(x + i));
            b = L.Add(b, L.Load(x1 + i));
            c = L.Add(c, L.Load(x2 + i));
            d = L.Add(d, L.Load(x3 + i));
            a1 = L.Add(a1, L.Load(x + i + L.Count));
            b1 = L.Add(b1, L.Load(x1 + i + L.Count));
            c1 = L.Add(c1, L.Load(x2 + i + L.Count));
            d1 = L.Add(d1, L.Load(x3 + i + L.Count));
        }
        for (; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            a = L.Add(a, Part<L, V>.Load(x + i, lanes));
            b = L.Add(b, Part<L, V>.Load(x1 + i, lanes));
            c = L.Add(c, Part<L, V>.Load(x2 + i, lanes));
            d = L.Add(d, Part<L, V>.Load(x3 + i, lanes));
        }
        int rest = width % L.Count;
        Vector128<float> mean = L.SumEach(L.Add(a, a1), L.Add(b, b1), L.Add(c, c1), L.Add(d, d1))
            / Vector128.Create((float)width);
        V m0 = L.Set(mean[0]), m1 = L.Set(mean[1]), m2 = L.Set(mean[2]), m3 = L.Set(mean[3]);
        a = b = c = d = L.Zero;
        for (i = 0; i + L.Count <= width; i += L.Count)
        {
            AddSquare(x + i, m0, L.Count, ref a);
            AddSquare(x1 + i, m1, L.Count, ref b);
            AddSquare(x2 + i, m2, L.Count, ref c);
            AddSquare(x3 + i, m3, L.Count, ref d);
        }
        if (rest > 0)
        {
            AddSquare(x + i, m0, rest, ref a);
            AddSquare(x1 + i, m1, rest, ref b);
            AddSquare(x2 + i, m2, rest, ref c);
            AddSquare(x3 + i, m3, rest, ref d);
        }
        Vector128<float> variance = L.SumEach(a, b, c, d) / Vector128.Create((float)width);
        Vector128<float> rstd = Vector128<float>.One / Vector128.Sqrt(variance + Vector128.Create(eps));
        for (int r = 0; r < 4 && stats != null; r++)
        {
            float* to = stats + (stride == 0 ? 0 : 2 * r);
            (to[0], to[1]) = (mean[r], rstd[r]);
        }
        V r0 = L.Set(rstd[0]), r1 = L.Set(rstd[1]), r2 = L.Set(rstd[2]), r3 = L.Set(rstd[3]);
        float* y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride;
        for (i = 0; i + L.Count <= width; i += L.Count)
        {
            V w = weight == null ? L.Set(1f) : L.Load(weight + i), shift = bias == null ? L.Zero : L.Load(bias + i);
            Normalize(x + i, m0, r0, w, shift, L.Count, y + i);
            Normalize(x1 + i, m1, r1, w, shift, L.Count, y1 + i);
            Normalize(x2 + i, m2, r2, w, shift, L.Count, y2 + i);
            Normalize(x3 + i, m3, r3, w, shift, L.Count, y3 + i);
        }
        if (rest > 0)
        {
            V w = weight == null ? L.Set(1f) : L.LoadFirst(weight + i, rest);
            V shift = bias == null ? L.Zero : L.LoadFirst(bias + i, rest);
            Normalize(x + i, m0, r0, w, shift, rest, y + i);
            Normalize(x1 + i, m1, r1, w, shift, rest, y1 + i);
            Normalize(x2 + i, m2, r2, w, shift, rest, y2 + i);
            Normalize(x3 + i, m3, r3, w, shift, rest, y3 + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSquare(float* x, V mean, int lanes, ref V sum)
    {
        V d = Centred(x, mean, lanes);
        sum = L.Fma(d, d, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Normalize(float* x, V mean, V rstd, V weight, V bias, int lanes, float* y) =>
        Part<L, V>.Store(L.Fma(L.Mul(L.Sub(Part<L, V>.Load(x, lanes), mean), rstd), weight, bias), y, lanes);

    /// <summary>
    /// dx = (addend +) rstd * (w dy - mean(w dy) - xhat mean(w dy xhat)); adds to dweight and dbias, which the caller
    /// clears or carries on. With a gate, dy is first multiplied by SiLU(gate) and dgate is written.
    /// </summary>
    /// <param name="addend">Added to dx (another branch of a residual stream), or null. May be dx itself.</param>
    /// <param name="scratch">Room for <paramref name="width"/> floats.</param>
    public static void Backward(float* x, long xStride, float* weight, float* bias, float* gate, long gateStride,
        float* stats, float* dy, long dyStride, float* addend, long addendStride, long rows, int width, float* scratch,
        float* dx, long dxStride, float* dgate, long dgateStride, float* dweight, float* dbias)
    {
        for (long r = 0; r < rows; r++)
        {
            float* row = dy;
            if (gate != null)
            {
                GateBackward(x, weight, bias, gate, dy, stats[0], stats[1], width, scratch, dgate);
                row = scratch;
            }
            (float g, float gx) = Sums(x, weight, row, stats[0], stats[1], width, dweight, dbias);
            Input(x, weight, row, addend, stats[0], stats[1], g / width, gx / width, width, dx);
            x += xStride;
            gate += gateStride;
            stats += 2;
            dy += dyStride;
            addend += addend == null ? 0 : addendStride;
            dx += dxStride;
            dgate += dgateStride;
        }
    }

    /// <summary>x - mean in the first lanes and 0 in the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Centred(float* x, V mean, int lanes) =>
        Part<L, V>.Keep(L.Sub(Part<L, V>.Load(x, lanes), mean), lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Affine(V xhat, float* weight, float* bias, int i, int lanes)
    {
        V y = weight == null ? xhat : L.Mul(xhat, Part<L, V>.Load(weight + i, lanes));
        return bias == null ? y : L.Add(y, Part<L, V>.Load(bias + i, lanes));
    }

    /// <summary>
    /// scratch = dy * SiLU(z); dgate = dy * norm(x) * SiLU'(z), SiLU'(z) = s (1 + z (1 - s)), s = sigmoid(z).
    /// </summary>
    static void GateBackward(float* x, float* weight, float* bias, float* gate, float* dy, float mean, float rstd,
        int width, float* scratch, float* dgate)
    {
        V m = L.Set(mean), k = L.Set(rstd);
        int i = 0;
        for (; i + L.Count <= width; i += L.Count)
            GateBackward(x, weight, bias, gate, dy, m, k, i, L.Count, scratch, dgate);
        if (i < width)
            GateBackward(x, weight, bias, gate, dy, m, k, i, width - i, scratch, dgate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void GateBackward(float* x, float* weight, float* bias, float* gate, float* dy, V mean, V rstd, int i,
        int lanes, float* scratch, float* dgate)
    {
        V z = Part<L, V>.Load(gate + i, lanes), g = Part<L, V>.Load(dy + i, lanes), one = L.Set(1f);
        V s = VectorMath<L, V>.Sigmoid(z);
        V normed = Affine(L.Mul(Centred(x + i, mean, lanes), rstd), weight, bias, i, lanes);
        V slope = L.Mul(s, L.Fma(z, L.Sub(one, s), one));
        Part<L, V>.Store(L.Mul(g, L.Mul(z, s)), scratch + i, lanes);
        if (dgate != null)
            Part<L, V>.Store(L.Mul(L.Mul(g, normed), slope), dgate + i, lanes);
    }

    /// <summary>Sum of w dy and of w dy xhat; adds dy xhat and dy to the parameters' gradients.</summary>
    static (float, float) Sums(float* x, float* weight, float* dy, float mean, float rstd, int width,
        float* dweight, float* dbias)
    {
        V m = L.Set(mean), s = L.Set(rstd), sumG = L.Zero, sumGx = L.Zero;
        int i = 0;
        for (; i + L.Count <= width; i += L.Count)
            AddSums(x, weight, dy, m, s, i, L.Count, dweight, dbias, ref sumG, ref sumGx);
        if (i < width)
            AddSums(x, weight, dy, m, s, i, width - i, dweight, dbias, ref sumG, ref sumGx);
        return (L.Sum(sumG), L.Sum(sumGx));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSums(float* x, float* weight, float* dy, V mean, V rstd, int i, int lanes, float* dweight,
        float* dbias, ref V sumG, ref V sumGx)
    {
        V d = Part<L, V>.Load(dy + i, lanes);
        V xhat = L.Mul(Centred(x + i, mean, lanes), rstd);
        V g = weight == null ? d : L.Mul(d, Part<L, V>.Load(weight + i, lanes));
        sumG = L.Add(sumG, g);
        sumGx = L.Fma(g, xhat, sumGx);
        if (dweight != null)
            Part<L, V>.Store(L.Fma(d, xhat, Part<L, V>.Load(dweight + i, lanes)), dweight + i, lanes);
        if (dbias != null)
            Part<L, V>.Store(L.Add(d, Part<L, V>.Load(dbias + i, lanes)), dbias + i, lanes);
    }

    static void Input(float* x, float* weight, float* dy, float* addend, float mean, float rstd, float meanG,
        float meanGx, int width, float* dx)
    {
        if (dx == null)
            return;
        V m = L.Set(mean), s = L.Set(rstd), a = L.Set(meanG), b = L.Set(meanGx);
        int i = 0;
        for (; i + L.Count <= width; i += L.Count)
            Input(x, weight, dy, addend, m, s, a, b, i, L.Count, dx);
        if (i < width)
            Input(x, weight, dy, addend, m, s, a, b, i, width - i, dx);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Input(float* x, float* weight, float* dy, float* addend, V mean, V rstd, V meanG, V meanGx, int i,
        int lanes, float* dx)
    {
        V d = Part<L, V>.Load(dy + i, lanes);
        V xhat = L.Mul(L.Sub(Part<L, V>.Load(x + i, lanes), mean), rstd);
        V g = weight == null ? d : L.Mul(d, Part<L, V>.Load(weight + i, lanes));
        V grad = L.Mul(L.FmaNegated(xhat, meanGx, L.Sub(g, meanG)), rstd);
        Part<L, V>.Store(addend == null ? grad : L.Add(grad, Part<L, V>.Load(addend + i, lanes)), dx + i, lanes);
    }
}
