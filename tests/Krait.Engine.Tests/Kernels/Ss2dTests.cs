using System.Runtime.Intrinsics;
using Krait.Engine.Kernels;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Tests.Kernels;

/// <summary>The fused SS2D against double, for every register width (those the machine lacks run emulated).</summary>
public sealed class Ss2dTests
{
    const int Guard = 7;
    const float Untouched = -12345.5f;

    public static TheoryData<SimdLevel, int, int, int, int, int, bool> Cases()
    {
        var cases = new TheoryData<SimdLevel, int, int, int, int, int, bool>();
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            cases.Add(level, 9, 17, 20, 16, 3, false);
            cases.Add(level, 13, 11, 37, 16, 6, true);
            cases.Add(level, 1, 1, 5, 1, 1, false);
            cases.Add(level, 1, 130, 16, 3, 2, true);
            cases.Add(level, 67, 1, 33, 6, 17, false);
            cases.Add(level, 8, 8, 48, 16, 4, true);
            cases.Add(level, 3, 5, 149, 4, 2, false);
        }
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Sum_of_directions_and_all_gradients_agree_with_double(
        SimdLevel level, int h, int w, int d, int n, int r, bool wide) =>
        Dispatch(level, new Ss2dShape(h, w, d, n, r), wide, summed: true);

    [Theory, MemberData(nameof(Cases))]
    public void Single_directions_and_their_gradients_agree_with_double(
        SimdLevel level, int h, int w, int d, int n, int r, bool wide) =>
        Dispatch(level, new Ss2dShape(h, w, d, n, r), wide, summed: false);

    [Fact]
    public void Walks_visit_every_position_once_in_the_published_order()
    {
        var shape = new Ss2dShape(2, 3, 1, 1, 1);
        Assert.Equal([0, 1, 2, 3, 4, 5], Walk(shape, 0));
        Assert.Equal([0, 3, 1, 4, 2, 5], Walk(shape, 1));
        Assert.Equal([5, 4, 3, 2, 1, 0], Walk(shape, 2));
        Assert.Equal([5, 2, 4, 1, 3, 0], Walk(shape, 3));
    }

    static unsafe int[] Walk(Ss2dShape shape, int direction)
    {
        var positions = new int[shape.L];
        fixed (int* p = positions)
        {
            shape.Walk(direction, 0, 4, p);
            shape.Walk(direction, 4, 2, p + 4);
        }
        return positions;
    }

    static void Dispatch(SimdLevel level, Ss2dShape shape, bool wide, bool summed)
    {
        switch (level)
        {
            case SimdLevel.Vector512:
                Check<Lanes512, Vector512<float>>(shape, wide, summed);
                break;
            case SimdLevel.Vector256:
                Check<Lanes256, Vector256<float>>(shape, wide, summed);
                break;
            case SimdLevel.Vector128:
                Check<Lanes128, Vector128<float>>(shape, wide, summed);
                break;
            default:
                Check<LanesScalar, float>(shape, wide, summed);
                break;
        }
    }

    static float[] Noise(int count, Random random, double from, double to)
    {
        var x = new float[count];
        for (int i = 0; i < count; i++)
            x[i] = (float)(from + ((to - from) * random.NextDouble()));
        return x;
    }

    static unsafe void Check<L, V>(Ss2dShape s, bool wide, bool summed) where L : struct, ILanes<V> where V : struct
    {
        var random = new Random(7);
        int length = s.L, d = s.D, stride = d + Guard, wideStride = s.ProjectionWidth + Guard;
        float[] x = Noise(length * d, random, -1.5, 1.5), projection = Noise(length * s.ProjectionWidth, random, -1, 1);
        float[] weight = Noise(4 * d * s.R, random, -1, 1), bias = Noise(4 * d, random, -5, wide ? 25 : 1);
        float[] logs = Noise(4 * d * s.N, random, -3, 3), ds = Noise(4 * d, random, -1, 1);
        var dy = new double[4][];
        for (int k = 0; k < 4; k++)
            dy[k] = k > 0 && summed ? dy[0] : [.. Noise(length * d, random, -1, 1).Select(v => (double)v)];
        var oracle = new Ss2dOracle(s.H, s.W, d, s.N, s.R);
        oracle.Run(Widen(x), Widen(projection), Widen(weight), Widen(bias), Widen(logs), Widen(ds), dy);

        int planes = summed ? 1 : 4;
        long directionStride = summed ? 0 : (long)length * stride;
        float[] xs = Spread(x, d, stride), ps = Spread(projection, s.ProjectionWidth, wideStride);
        float[] y = Fresh(planes * length * stride), dx = Fresh(length * stride), dps = Fresh(length * wideStride);
        float[] dys = [.. Enumerable.Range(0, planes)
            .SelectMany(k => Spread([.. dy[k].Select(v => (float)v)], d, stride))];
        float[] dWeight = Fresh(weight.Length), dBias = Fresh(bias.Length), dLogs = Fresh(logs.Length);
        float[] dDs = Fresh(ds.Length), states = new float[s.StatesPerSample * s.StateFloats];
        var scratch = new float[Math.Max(Ss2d<L, V>.ForwardScratch(s, s.Blocks),
            Ss2d<L, V>.BackwardScratch(s, s.Blocks)) + Guard];
        scratch.AsSpan().Fill(float.NaN);
        scratch.AsSpan(scratch.Length - Guard).Fill(Untouched);
        fixed (float* px = xs, pp = ps, pw = weight, pb = bias, pa = logs, pd = ds, py = y, pdy = dys, pdx = dx)
        fixed (float* pdp = dps, gw = dWeight, gb = dBias, ga = dLogs, gd = dDs, st = states, work = scratch)
        {
            var p = new Ss2dParameters(pw, s.R, pb, d, pa, s.N, pd);
            for (int b = 0; b < s.Blocks; b++)
                Ss2d<L, V>.Forward(s, b, 1, px, stride, pp, wideStride, p, work, st, py, stride, directionStride);
            Ss2d<L, V>.Backward(s, 0, s.Blocks, px, stride, pp, wideStride, p, st, pdy, stride, directionStride, work,
                pdx, stride, pdp, wideStride, new Ss2dParameters(gw, s.R, gb, d, ga, s.N, gd));
        }
        Assert.All(scratch[^Guard..], v => Assert.Equal(Untouched, v));
        for (int k = 0; k < planes; k++)
            AssertClose("y", summed ? Sum(oracle.Y) : oracle.Y[k],
                Gathered(y, k * length * stride, length, d, stride), 2e-6);
        AssertClose("dx", oracle.DX, Gathered(dx, 0, length, d, stride), 5e-6);
        AssertClose("dprojection", oracle.DProjection, Gathered(dps, 0, length, s.ProjectionWidth, wideStride), 5e-6);
        AssertClose("ddt_weight", oracle.DWeight, dWeight, 5e-6);
        AssertClose("ddt_bias", oracle.DBias, dBias, 5e-6);
        AssertClose("dA_logs", oracle.DLogs, dLogs, 5e-6);
        AssertClose("dDs", oracle.DDs, dDs, 5e-6);
    }

    static double[] Widen(float[] x) => [.. x.Select(v => (double)v)];

    static double[] Sum(double[][] y) => [.. y[0].Select((_, i) => y[0][i] + y[1][i] + y[2][i] + y[3][i])];

    static float[] Fresh(int count) => [.. Enumerable.Repeat(Untouched, count)];

    static float[] Spread(float[] x, int width, int stride)
    {
        var y = Fresh(x.Length / width * stride);
        for (int i = 0; i < x.Length; i++)
            y[(i / width * stride) + (i % width)] = x[i];
        return y;
    }

    /// <summary>The rows without their gaps, after checking that the gaps are untouched.</summary>
    static float[] Gathered(float[] y, int start, int rows, int width, int stride)
    {
        var x = new float[rows * width];
        for (int i = 0; i < rows * stride; i++)
        {
            if (i % stride < width)
                x[(i / stride * width) + (i % stride)] = y[start + i];
            else
                Assert.Equal(Untouched, y[start + i]);
        }
        return x;
    }

    static void AssertClose(string name, double[] want, float[] got, double tolerance)
    {
        Assert.Equal(want.Length, got.Length);
        double largest = want.Max(Math.Abs), worst = 0;
        for (int i = 0; i < want.Length; i++)
            worst = Math.Abs(got[i] - want[i]) is var e && !(e <= worst) ? e : worst;
        Assert.True(worst <= tolerance * largest, $"{name}: off by {worst / largest:G3} of the largest");
    }
}
