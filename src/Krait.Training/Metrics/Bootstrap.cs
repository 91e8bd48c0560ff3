using Krait.Engine;

namespace Krait.Training.Metrics;

/// <summary>Percentile bootstrap (Efron 1979), drawn from counter-based randomness: same seed, same interval.</summary>
public static class Bootstrap
{
    /// <summary>Resamples behind an interval.</summary>
    public const int Resamples = 2000;

    /// <summary>Interval of the mean: quantiles of the means of resamples with replacement.</summary>
    /// <param name="values">Scores of the pictures, none undefined.</param>
    /// <param name="seed">Names the draws.</param>
    /// <param name="level">Coverage, 0.95 unless told otherwise.</param>
    /// <returns>(NaN, NaN) without values; the value twice for one value.</returns>
    public static Interval MeanInterval(ReadOnlySpan<double> values, ulong seed, double level = 0.95)
    {
        if (values.IsEmpty) return new Interval(double.NaN, double.NaN);
        var means = new double[Resamples];
        for (int r = 0; r < Resamples; r++)
        {
            var rng = new CounterRng(seed, (ulong)r, "bootstrap");
            double sum = 0;
            for (int i = 0; i < values.Length; i++) sum += values[rng.Below((ulong)i, values.Length)];
            means[r] = sum / values.Length;
        }
        Array.Sort(means);
        double tail = (1 - level) / 2;
        return new Interval(Summary.Quantile(means, tail), Summary.Quantile(means, 1 - tail));
    }
}
