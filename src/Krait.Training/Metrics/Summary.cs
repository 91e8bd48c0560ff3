namespace Krait.Training.Metrics;

/// <summary>A sample of scores in short. Undefined scores (NaN) are left out and counted.</summary>
public sealed record Summary
{
    public double Mean { get; init; } = double.NaN;
    public double Median { get; init; } = double.NaN;
    public double StandardDeviation { get; init; } = double.NaN;
    public double LowerQuartile { get; init; } = double.NaN;
    public double UpperQuartile { get; init; } = double.NaN;

    /// <summary>95 % bootstrap interval of the mean.</summary>
    public Interval Confidence { get; init; } = new(double.NaN, double.NaN);

    /// <summary>Scores that entered.</summary>
    public int Count { get; init; }

    /// <summary>Scores left out as undefined.</summary>
    public int Undefined { get; init; }

    /// <summary>Summarises; the bootstrap draws from <paramref name="seed"/>.</summary>
    public static Summary Of(IEnumerable<double> values, ulong seed = 0)
    {
        var all = values.ToArray();
        double[] defined = [.. all.Where(x => !double.IsNaN(x)).Order()];
        if (defined.Length == 0) return new Summary { Undefined = all.Length };
        double mean = defined.Average();
        double squares = defined.Sum(x => (x - mean) * (x - mean));
        return new Summary
        {
            Mean = mean,
            Median = Quantile(defined, 0.5),
            StandardDeviation = defined.Length < 2 ? double.NaN : Math.Sqrt(squares / (defined.Length - 1)),
            LowerQuartile = Quantile(defined, 0.25),
            UpperQuartile = Quantile(defined, 0.75),
            Confidence = Bootstrap.MeanInterval(defined, seed),
            Count = defined.Length,
            Undefined = all.Length - defined.Length,
        };
    }

    /// <summary>Quantile of sorted values with linear interpolation between ranks (type 7 of Hyndman and
    /// Fan).</summary>
    internal static double Quantile(ReadOnlySpan<double> sorted, double q)
    {
        double rank = q * (sorted.Length - 1);
        int below = (int)Math.Floor(rank);
        return below + 1 < sorted.Length
            ? sorted[below] + (rank - below) * (sorted[below + 1] - sorted[below])
            : sorted[below];
    }
}

/// <summary>A closed interval.</summary>
public readonly record struct Interval(double Low, double High);
