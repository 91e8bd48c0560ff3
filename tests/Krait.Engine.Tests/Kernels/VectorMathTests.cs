using System.Runtime.Intrinsics;
using Krait.Engine.Kernels;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Tests.Kernels;

/// <summary>Every function on every register width against double; widths the machine lacks run emulated.</summary>
public sealed class VectorMathTests
{
    public static TheoryData<SimdLevel> Levels => [.. Enum.GetValues<SimdLevel>()];

    [Theory, MemberData(nameof(Levels))]
    public void Exp2_bounded_is_right_to_a_rounding(SimdLevel level) =>
        AssertRelative(level, "exp2b", -126, 126, Exp2InDouble, 1.8e-7);

    [Theory, MemberData(nameof(Levels))]
    public void Exp2_of_minus_one_to_zero_is_right_to_a_rounding(SimdLevel level)
    {
        AssertRelative(level, "exp2u", -1, 0, Exp2InDouble, 3e-7);
        AssertPoints(level, "exp2u", [(0, 1)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Exp2_is_right_to_a_rounding(SimdLevel level)
    {
        AssertRelative(level, "exp2", -126, 127.99, Exp2InDouble, 1.8e-7);
        AssertAbsolute(level, "exp2", -151, -126, Exp2InDouble, 2e-45);
        AssertPoints(level, "exp2", [
            (0, 1), (1, 2), (-1, 0.5f), (128, float.PositiveInfinity), (1e30f, float.PositiveInfinity),
            (float.PositiveInfinity, float.PositiveInfinity), (-150.5f, 0), (-1e30f, 0),
            (float.NegativeInfinity, 0), (float.NaN, float.NaN), (-149, float.Epsilon)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Exp_is_right_to_a_rounding(SimdLevel level)
    {
        AssertRelative(level, "exp", -87.3, 88.72, Math.Exp, 1.2e-7);
        AssertAbsolute(level, "exp", -104.5, -87.3, Math.Exp, 3e-45);
        AssertPoints(level, "exp", [
            (0, 1), (88.8f, float.PositiveInfinity), (1e30f, float.PositiveInfinity),
            (float.PositiveInfinity, float.PositiveInfinity), (-104, 0), (-1e30f, 0),
            (float.NegativeInfinity, 0), (float.NaN, float.NaN)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Log_is_right_to_a_rounding(SimdLevel level)
    {
        AssertRelative(level, "log", 0.5, 2, Math.Log, 1.2e-7);
        AssertRelative(level, "log", 2, 3e38, Math.Log, 1.2e-7);
        AssertRelative(level, "log", 1e-44, 1e-30, Math.Log, 1.2e-7);
        AssertPoints(level, "log", [
            (1, 0), (0, float.NegativeInfinity), (-0f, float.NegativeInfinity), (-1, float.NaN),
            (float.NegativeInfinity, float.NaN), (float.PositiveInfinity, float.PositiveInfinity),
            (float.NaN, float.NaN)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Softplus_keeps_relative_precision_in_both_tails(SimdLevel level)
    {
        AssertRelative(level, "softplus", -87, 100, SoftplusInDouble, 3e-7);
        AssertRelative(level, "softplus", 100, 1e30, SoftplusInDouble, 1e-7);
        AssertPoints(level, "softplus", [
            (float.PositiveInfinity, float.PositiveInfinity), (float.NegativeInfinity, 0), (-1000, 0),
            (1e20f, 1e20f), (float.NaN, float.NaN)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Softplus_of_low_numbers_keeps_relative_precision(SimdLevel level) =>
        AssertRelative(level, "softplusLow", -20, -0.5, SoftplusInDouble, 3e-7);

    [Theory, MemberData(nameof(Levels))]
    public void Sigmoid_is_right_to_two_roundings(SimdLevel level)
    {
        AssertRelative(level, "sigmoid", -87, 50, x => 1 / (1 + Math.Exp(-x)), 2.5e-7);
        AssertPoints(level, "sigmoid", [
            (0, 0.5f), (200, 1), (-200, 0), (float.PositiveInfinity, 1), (float.NegativeInfinity, 0),
            (float.NaN, float.NaN)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Tanh_is_right_to_two_roundings(SimdLevel level)
    {
        AssertRelative(level, "tanh", -12, 12, Math.Tanh, 2.5e-7);
        AssertRelative(level, "tanh", 1e-30, 1e-3, Math.Tanh, 2.5e-7);
        AssertPoints(level, "tanh", [
            (0, 0), (100, 1), (-100, -1), (float.PositiveInfinity, 1), (float.NegativeInfinity, -1),
            (float.NaN, float.NaN)]);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Erf_is_right_to_two_roundings(SimdLevel level)
    {
        AssertRelative(level, "erf", -6, 6, ErfInDouble, 2.5e-7);
        AssertRelative(level, "erf", 1e-30, 1e-3, ErfInDouble, 2.5e-7);
        AssertPoints(level, "erf", [
            (0, 0), (100, 1), (-100, -1), (float.PositiveInfinity, 1), (float.NegativeInfinity, -1),
            (float.NaN, float.NaN)]);
    }

    static double Exp2InDouble(double x) => Math.Pow(2, x);

    static double SoftplusInDouble(double x)
    {
        double t = Math.Exp(-Math.Abs(x));
        double log1p = t < 1e-4 ? t - t * t / 2 + t * t * t / 3 : Math.Log(1 + t);
        return Math.Max(x, 0) + log1p;
    }

    /// <summary>Taylor series near 0 (all terms of one sign), continued fraction of erfc beyond 2.</summary>
    static double ErfInDouble(double x)
    {
        double a = Math.Abs(x);
        if (a > 2)
        {
            double f = 0;
            for (int k = 120; k > 0; k--)
                f = k / 2.0 / (a + f);
            return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + f));
        }
        double term = x, sum = x;
        for (int k = 0; k < 80; k++)
        {
            term *= 2 * x * x / (2 * k + 3);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    static void AssertRelative(
        SimdLevel level, string function, double from, double to, Func<double, double> exact, double tolerance) =>
        AssertClose(level, function, from, to, exact, (got, want) => Math.Abs(got - want) / Math.Abs(want), tolerance);

    static void AssertAbsolute(
        SimdLevel level, string function, double from, double to, Func<double, double> exact, double tolerance) =>
        AssertClose(level, function, from, to, exact, (got, want) => Math.Abs(got - want), tolerance);

    static void AssertClose(
        SimdLevel level, string function, double from, double to, Func<double, double> exact,
        Func<double, double, double> error, double tolerance)
    {
        // Spread evenly in the logarithm where the range has one sign and spans decades, else evenly.
        const int count = 40_000;
        bool logarithmic = from > 0 && to / from > 1000;
        var x = new float[count];
        for (int i = 0; i < count; i++)
        {
            double s = (i + 0.5) / count;
            x[i] = (float)(logarithmic ? from * Math.Pow(to / from, s) : from + (to - from) * s);
        }
        float[] y = Apply(level, function, x);
        double worst = 0;
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            if (x[i] == 0 || x[i] == 1 && function == "log")
                continue;
            double e = error(y[i], exact(x[i]));
            if (!(e <= worst))
                (worst, at) = (e, i);
        }
        Assert.True(worst <= tolerance,
            $"{function} at {x[at]:R}: got {y[at]:R}, want {exact(x[at]):R}, off {worst:G3}");
    }

    static void AssertPoints(SimdLevel level, string function, (float X, float Y)[] points)
    {
        float[] y = Apply(level, function, [.. points.Select(p => p.X)]);
        for (int i = 0; i < points.Length; i++)
            Assert.True(y[i].Equals(points[i].Y), $"{function}({points[i].X:R}) is {points[i].Y:R}; got {y[i]:R}");
    }

    static float[] Apply(SimdLevel level, string function, float[] x) => level switch
    {
        SimdLevel.Vector512 => Apply<Lanes512, Vector512<float>>(function, x),
        SimdLevel.Vector256 => Apply<Lanes256, Vector256<float>>(function, x),
        SimdLevel.Vector128 => Apply<Lanes128, Vector128<float>>(function, x),
        _ => Apply<LanesScalar, float>(function, x),
    };

    static unsafe float[] Apply<L, V>(string function, float[] x) where L : struct, ILanes<V> where V : struct
    {
        var y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += L.Count)
            {
                int n = Math.Min(L.Count, x.Length - i);
                V v = L.LoadFirst(from + i, n);
                V r = function switch
                {
                    "exp2b" => VectorMath<L, V>.Exp2Bounded(v, v, v, v).First,
                    "exp2u" => VectorMath<L, V>.Exp2Unit(v, v, v, v).First,
                    "exp2" => VectorMath<L, V>.Exp2(v),
                    "exp" => VectorMath<L, V>.Exp(v),
                    "log" => VectorMath<L, V>.Log(v),
                    "softplus" => VectorMath<L, V>.Softplus(v),
                    "softplusLow" => VectorMath<L, V>.SoftplusLow(v, v, v, v).First,
                    "sigmoid" => VectorMath<L, V>.Sigmoid(v),
                    "tanh" => VectorMath<L, V>.Tanh(v),
                    "erf" => VectorMath<L, V>.Erf(v),
                    _ => throw new ArgumentException(function),
                };
                L.StoreFirst(r, to + i, n);
            }
        }
        return y;
    }
}
