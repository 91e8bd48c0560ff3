using System.Runtime.CompilerServices;
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
    /// Writes y and the statistics of each row: stats[2 r] = mean, stats[2 r + 1] = 1 / sqrt(var + eps).
    /// </summary>
    public static void Forward(float* x, long xStride, float* weight, float* bias, float* gate, long gateStride,
        float eps, long rows, int width, float* stats, float* y, long yStride)
    {
        for (long r = 0; r < rows; r++, x += xStride, gate += gateStride, stats += 2, y += yStride)
        {
            float mean = Reduce<L, V>.Sum(x, width) / width;
            float rstd = 1f / MathF.Sqrt((SquaredDistance(x, mean, width) / width) + eps);
            (stats[0], stats[1]) = (mean, rstd);
            Normalize(x, weight, bias, mean, rstd, width, y);
            if (gate != null)
                Silu<L, V>.Gate(gate, width, y);
        }
    }

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

    static float SquaredDistance(float* x, float mean, int width)
    {
        V m = L.Set(mean), s0 = L.Zero, s1 = L.Zero;
        int i = 0;
        for (; i + (2 * L.Count) <= width; i += 2 * L.Count)
        {
            V a = L.Sub(L.Load(x + i), m), b = L.Sub(L.Load(x + i + L.Count), m);
            s0 = L.Fma(a, a, s0);
            s1 = L.Fma(b, b, s1);
        }
        for (; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            V a = Centred(x + i, m, lanes);
            s0 = L.Fma(a, a, s0);
        }
        return L.Sum(L.Add(s0, s1));
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

    static void Normalize(float* x, float* weight, float* bias, float mean, float rstd, int width, float* y)
    {
        V m = L.Set(mean), s = L.Set(rstd);
        int i = 0;
        if (weight != null && bias != null)
            for (; i + L.Count <= width; i += L.Count)
                L.Store(L.Fma(L.Mul(L.Sub(L.Load(x + i), m), s), L.Load(weight + i), L.Load(bias + i)), y + i);
        for (; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            Part<L, V>.Store(Affine(L.Mul(Centred(x + i, m, lanes), s), weight, bias, i, lanes), y + i, lanes);
        }
    }

    /// <summary>
    /// scratch = dy * SiLU(z); dgate = dy * norm(x) * SiLU'(z), SiLU'(z) = s (1 + z (1 - s)), s = sigmoid(z).
    /// </summary>
    static void GateBackward(float* x, float* weight, float* bias, float* gate, float* dy, float mean, float rstd,
        int width, float* scratch, float* dgate)
    {
        V m = L.Set(mean), k = L.Set(rstd), one = L.Set(1f);
        for (int i = 0; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            V z = Part<L, V>.Load(gate + i, lanes), g = Part<L, V>.Load(dy + i, lanes);
            V s = VectorMath<L, V>.Sigmoid(z);
            V normed = Affine(L.Mul(Centred(x + i, m, lanes), k), weight, bias, i, lanes);
            V slope = L.Mul(s, L.Fma(z, L.Sub(one, s), one));
            Part<L, V>.Store(L.Mul(g, L.Mul(z, s)), scratch + i, lanes);
            if (dgate != null)
                Part<L, V>.Store(L.Mul(L.Mul(g, normed), slope), dgate + i, lanes);
        }
    }

    /// <summary>Sum of w dy and of w dy xhat; adds dy xhat and dy to the parameters' gradients.</summary>
    static (float, float) Sums(float* x, float* weight, float* dy, float mean, float rstd, int width,
        float* dweight, float* dbias)
    {
        V m = L.Set(mean), s = L.Set(rstd), sumG = L.Zero, sumGx = L.Zero;
        for (int i = 0; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            V d = Part<L, V>.Load(dy + i, lanes);
            V xhat = L.Mul(Centred(x + i, m, lanes), s);
            V g = weight == null ? d : L.Mul(d, Part<L, V>.Load(weight + i, lanes));
            sumG = L.Add(sumG, g);
            sumGx = L.Fma(g, xhat, sumGx);
            if (dweight != null)
                Part<L, V>.Store(L.Fma(d, xhat, Part<L, V>.Load(dweight + i, lanes)), dweight + i, lanes);
            if (dbias != null)
                Part<L, V>.Store(L.Add(d, Part<L, V>.Load(dbias + i, lanes)), dbias + i, lanes);
        }
        return (L.Sum(sumG), L.Sum(sumGx));
    }

    static void Input(float* x, float* weight, float* dy, float* addend, float mean, float rstd, float meanG,
        float meanGx, int width, float* dx)
    {
        if (dx == null)
            return;
        V m = L.Set(mean), s = L.Set(rstd), a = L.Set(meanG), b = L.Set(meanGx);
        for (int i = 0; i < width; i += L.Count)
        {
            int lanes = Math.Min(L.Count, width - i);
            V d = Part<L, V>.Load(dy + i, lanes);
            V xhat = L.Mul(L.Sub(Part<L, V>.Load(x + i, lanes), m), s);
            V g = weight == null ? d : L.Mul(d, Part<L, V>.Load(weight + i, lanes));
            V grad = L.Mul(L.FmaNegated(xhat, b, L.Sub(g, a)), s);
            Part<L, V>.Store(addend == null ? grad : L.Add(grad, Part<L, V>.Load(addend + i, lanes)), dx + i, lanes);
        }
    }
}
