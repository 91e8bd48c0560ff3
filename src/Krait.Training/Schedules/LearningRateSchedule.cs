namespace Krait.Training.Schedules;

/// <summary>
/// The learning rate of a tick, a pure function of the tick (and, for one kind, of the validation scores so far), so
/// that a resumed run needs no state. A tick is an epoch unless the configuration says that it is a step.
/// </summary>
public abstract record LearningRateSchedule
{
    /// <summary>Learning rate before any schedule, 1 / update.</summary>
    public required double BaseRate { get; init; }

    /// <summary>Rate in force during tick <paramref name="tick"/>, counted from 0.</summary>
    /// <param name="tick">Epochs (or steps) that are complete.</param>
    /// <param name="scores">Validation value after each complete tick; only the plateau rule reads it.</param>
    public abstract double RateAt(int tick, ReadOnlySpan<double> scores = default);
}

/// <summary>The base rate throughout.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) => BaseRate;
}

/// <summary>
/// min + (base - min) (1 + cos(pi t / tMax)) / 2: half a cosine wave down to <see cref="MinRate"/>, and up again beyond
/// <see cref="HalfPeriod"/>. PyTorch's recursive form is this one in exact arithmetic.
/// </summary>
/// <remarks>SGDR, arXiv:1608.03983, Eq. (5) without restarts.</remarks>
public sealed record CosineAnnealing : LearningRateSchedule
{
    /// <summary>Ticks from base to minimum (T_max).</summary>
    public required int HalfPeriod { get; init; }

    public double MinRate { get; init; }

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) =>
        Wave(BaseRate, MinRate, (double)tick / HalfPeriod);

    internal static double Wave(double high, double low, double share) =>
        low + (high - low) * (1 + Math.Cos(Math.PI * share)) / 2;
}

/// <summary>Cosine annealing that starts again after T_0, T_0 T_mult, T_0 T_mult² ... ticks.</summary>
/// <remarks>SGDR, arXiv:1608.03983, Eq. (5).</remarks>
public sealed record CosineWarmRestarts : LearningRateSchedule
{
    /// <summary>Ticks of the first wave (T_0).</summary>
    public required int FirstPeriod { get; init; }

    /// <summary>Each wave is so many times as long as the one before (T_mult).</summary>
    public int PeriodFactor { get; init; } = 1;

    public double MinRate { get; init; }

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default)
    {
        long start = 0, period = FirstPeriod;
        while (tick >= start + period)
        {
            start += period;
            period *= PeriodFactor;
        }
        return CosineAnnealing.Wave(BaseRate, MinRate, (double)(tick - start) / period);
    }
}

/// <summary>base gamma^floor(t / stepSize).</summary>
public sealed record StepDecay : LearningRateSchedule
{
    public required int StepSize { get; init; }
    public double Gamma { get; init; } = 0.1;

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) =>
        BaseRate * Math.Pow(Gamma, tick / StepSize);
}

/// <summary>base gamma^(milestones passed).</summary>
public sealed record MultiStepDecay : LearningRateSchedule
{
    /// <summary>Ticks at which the rate falls.</summary>
    public required IReadOnlyList<int> Milestones { get; init; }

    public double Gamma { get; init; } = 0.1;

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) =>
        BaseRate * Math.Pow(Gamma, Milestones.Count(m => m <= tick));
}

/// <summary>base gamma^t.</summary>
public sealed record ExponentialDecay : LearningRateSchedule
{
    public double Gamma { get; init; } = 0.99;

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) => BaseRate * Math.Pow(Gamma, tick);
}

/// <summary>base (1 - t / maxTicks)^exponent, 0 from maxTicks on; the rule of nnU-Net.</summary>
public sealed record PolynomialDecay : LearningRateSchedule
{
    public required int MaxTicks { get; init; }
    public double Exponent { get; init; } = 0.9;

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) =>
        BaseRate * Math.Pow(Math.Max(0, 1 - (double)tick / MaxTicks), Exponent);
}
