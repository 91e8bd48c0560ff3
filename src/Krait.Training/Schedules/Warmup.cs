namespace Krait.Training.Schedules;

/// <summary>base t / warmup while t is at most warmup, then multi-step decay.</summary>
/// <remarks>Parity: as published, the rate of the first epoch is exactly 0, so that epoch learns nothing.</remarks>
public sealed record WarmupMultiStep : LearningRateSchedule
{
    public required int WarmupTicks { get; init; }
    public required IReadOnlyList<int> Milestones { get; init; }
    public double Gamma { get; init; } = 0.1;

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) => BaseRate * (tick <= WarmupTicks
        ? WarmupShare(tick, WarmupTicks)
        : Math.Pow(Gamma, Milestones.Count(m => m <= tick)));

    internal static double WarmupShare(int tick, int warmup) => warmup == 0 ? 1 : (double)tick / warmup;
}

/// <summary>base t / warmup while t is at most warmup, then half a cosine wave down to 0 at the last tick.</summary>
/// <remarks>Parity: as published, the rate of the first epoch is exactly 0, so that epoch learns nothing.</remarks>
public sealed record WarmupCosine : LearningRateSchedule
{
    public required int WarmupTicks { get; init; }

    /// <summary>Ticks of the whole run, warm-up included.</summary>
    public required int TotalTicks { get; init; }

    public override double RateAt(int tick, ReadOnlySpan<double> scores = default) => tick <= WarmupTicks
        ? BaseRate * WarmupMultiStep.WarmupShare(tick, WarmupTicks)
        : CosineAnnealing.Wave(BaseRate, 0, (double)(tick - WarmupTicks) / (TotalTicks - WarmupTicks));
}
