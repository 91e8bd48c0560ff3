namespace Krait.Training.Schedules;

/// <summary>
/// Multiplies the rate by <see cref="Factor"/> once the validation value has not improved for more than
/// <see cref="Patience"/> ticks.
/// </summary>
public sealed record ReduceOnPlateau : LearningRateSchedule
{
    public int Patience { get; init; } = 10;
    public double Factor { get; init; } = 0.1;

    /// <summary>Relative improvement that counts.</summary>
    public double Threshold { get; init; } = 1e-4;

    /// <summary>Larger values are better (a score); otherwise smaller ones (a loss).</summary>
    public bool HigherIsBetter { get; init; }

    /// <summary>Ticks after a reduction during which nothing is counted.</summary>
    public int Cooldown { get; init; }

    public double MinRate { get; init; }

    /// <summary>A reduction smaller than this is not made.</summary>
    public double SmallestChange { get; init; } = 1e-8;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">If fewer scores than ticks are given.</exception>
    public override double RateAt(int tick, ReadOnlySpan<double> scores = default)
    {
        if (scores.Length < tick)
            throw new ArgumentException($"reduce_on_plateau: tick {tick} needs {tick} scores; got {scores.Length}.");
        double rate = BaseRate, best = HigherIsBetter ? double.NegativeInfinity : double.PositiveInfinity;
        int bad = 0, cooling = 0;
        foreach (double score in scores[..tick])
        {
            bool better = HigherIsBetter ? score > best * (1 + Threshold) : score < best * (1 - Threshold);
            if (better) best = score;
            bad = better ? 0 : bad + 1;
            if (cooling > 0)
            {
                cooling--;
                bad = 0;
            }
            if (bad <= Patience) continue;
            double reduced = Math.Max(rate * Factor, MinRate);
            if (rate - reduced > SmallestChange) rate = reduced;
            cooling = Cooldown;
            bad = 0;
        }
        return rate;
    }
}
