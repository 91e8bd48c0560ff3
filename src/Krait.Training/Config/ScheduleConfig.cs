using Krait.Training.Schedules;

namespace Krait.Training.Config;

public enum ScheduleKind
{
    Constant,
    Cosine,
    CosineWarmRestarts,
    Step,
    MultiStep,
    Exponential,
    Polynomial,
    WarmupMultiStep,
    WarmupCosine,
    ReduceOnPlateau,
}

/// <summary>The learning-rate schedule; numbers that a kind does not use are ignored by it.</summary>
public sealed record ScheduleConfig
{
    public ScheduleKind Kind { get; init; } = ScheduleKind.Cosine;

    /// <summary>Cosine: ticks of half a wave; null for the whole run.</summary>
    public int? HalfPeriod { get; init; }

    public double MinRate { get; init; } = 1e-5;
    public int FirstPeriod { get; init; } = 50;
    public int PeriodFactor { get; init; } = 2;
    public int StepSize { get; init; } = 50;
    public double Gamma { get; init; } = 0.1;
    public IReadOnlyList<int> Milestones { get; init; } = [];
    public double Exponent { get; init; } = 0.9;
    public int WarmupTicks { get; init; } = 10;
    public int Patience { get; init; } = 10;
    public double Factor { get; init; } = 0.1;

    /// <summary>Keys of the configuration's <c>schedule</c> section.</summary>
    public static ConfigSection<ScheduleConfig> Section { get; } = new ConfigSection<ScheduleConfig>()
        .Choice("kind", "schedule; times are in epochs", c => c.Kind, (c, v) => c with { Kind = v },
            ("constant", ScheduleKind.Constant), ("cosine", ScheduleKind.Cosine),
            ("cosine_warm_restarts", ScheduleKind.CosineWarmRestarts), ("step", ScheduleKind.Step),
            ("multi_step", ScheduleKind.MultiStep), ("exponential", ScheduleKind.Exponential),
            ("poly", ScheduleKind.Polynomial), ("warmup_multi_step", ScheduleKind.WarmupMultiStep),
            ("warmup_cosine", ScheduleKind.WarmupCosine), ("reduce_on_plateau", ScheduleKind.ReduceOnPlateau))
        .Add("t_max", "cosine: epochs down to min_lr; null for the whole run", (c, n) => c with
        { HalfPeriod = ConfigValue.IsNull(n) ? null : (int)ConfigValue.Whole(n, 1, int.MaxValue) },
            c => c.HalfPeriod is { } h ? ConfigValue.Of((long)h) : ConfigValue.Of((string?)null))
        .Real("min_lr", "cosine and plateau: lowest rate", c => c.MinRate, (c, v) => c with { MinRate = v }, 0)
        .Whole("t_0", "warm restarts: epochs of the first wave", c => c.FirstPeriod,
            (c, v) => c with { FirstPeriod = v }, 1)
        .Whole("t_mult", "warm restarts: growth of the waves", c => c.PeriodFactor,
            (c, v) => c with { PeriodFactor = v }, 1)
        .Whole("step_size", "step: epochs between reductions", c => c.StepSize, (c, v) => c with { StepSize = v }, 1)
        .Real("gamma", "step, multi-step, exponential: factor", c => c.Gamma, (c, v) => c with { Gamma = v }, 0, 1)
        .Wholes("milestones", "multi-step: epochs of the reductions", c => c.Milestones,
            (c, v) => c with { Milestones = v })
        .Real("exponent", "poly: exponent", c => c.Exponent, (c, v) => c with { Exponent = v }, 0)
        .Whole("warmup", "warm-ups: epochs of the climb", c => c.WarmupTicks, (c, v) => c with { WarmupTicks = v })
        .Whole("patience", "plateau: epochs without improvement", c => c.Patience, (c, v) => c with { Patience = v })
        .Real("factor", "plateau: factor of a reduction", c => c.Factor, (c, v) => c with { Factor = v }, 0, 1);

    /// <summary>The schedule of a run of <paramref name="epochs"/> epochs.</summary>
    public LearningRateSchedule Build(double baseRate, int epochs) => Kind switch
    {
        ScheduleKind.Constant => new ConstantSchedule { BaseRate = baseRate },
        ScheduleKind.Cosine => new CosineAnnealing
        { BaseRate = baseRate, HalfPeriod = HalfPeriod ?? Math.Max(1, epochs), MinRate = MinRate },
        ScheduleKind.CosineWarmRestarts => new CosineWarmRestarts
        { BaseRate = baseRate, FirstPeriod = FirstPeriod, PeriodFactor = PeriodFactor, MinRate = MinRate },
        ScheduleKind.Step => new StepDecay { BaseRate = baseRate, StepSize = StepSize, Gamma = Gamma },
        ScheduleKind.MultiStep => new MultiStepDecay { BaseRate = baseRate, Milestones = Milestones, Gamma = Gamma },
        ScheduleKind.Exponential => new ExponentialDecay { BaseRate = baseRate, Gamma = Gamma },
        ScheduleKind.Polynomial => new PolynomialDecay { BaseRate = baseRate, MaxTicks = epochs, Exponent = Exponent },
        ScheduleKind.WarmupMultiStep => new WarmupMultiStep
        { BaseRate = baseRate, WarmupTicks = WarmupTicks, Milestones = Milestones, Gamma = Gamma },
        ScheduleKind.WarmupCosine => new WarmupCosine
        { BaseRate = baseRate, WarmupTicks = WarmupTicks, TotalTicks = Math.Max(epochs, WarmupTicks + 1) },
        ScheduleKind.ReduceOnPlateau => new ReduceOnPlateau
        { BaseRate = baseRate, Patience = Patience, Factor = Factor, MinRate = MinRate, HigherIsBetter = true },
        _ => throw new InvalidOperationException($"schedule {Kind} is not known."),
    };
}
