using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Training.Schedules;

namespace Krait.Golden.Tests.Runners;

/// <summary>Learning rates of every epoch.</summary>
internal static class ScheduleRunner
{
    public static void Run(RunContext context)
    {
        GoldenCase test = context.Case;
        foreach (JsonElement item in test.Items)
        {
            string kind = item.Text("kind");
            JsonElement args = item.Part("args"), tolerance = item.Part("tolerance");
            LearningRateSchedule schedule = Build(kind, args);
            double[] expected = test.Resolve(item.Part("expected")).Reals();
            double[] scores = args.Has("values") ? test.Resolve(args.Part("values")).Reals() : [];
            // The plateau rule's list is "after the step of epoch e", all others "in force during epoch e".
            int shift = schedule is ReduceOnPlateau ? 1 : 0;
            context.Comparison.Require(expected.Length > 0, $"{item.Text("name")}: no expected rates");
            for (int epoch = 0; epoch < expected.Length; epoch++)
                context.Comparison.Number($"{item.Text("name")} epoch {epoch}",
                    schedule.RateAt(epoch + shift, scores), expected[epoch], tolerance.Real("abs", 0),
                    tolerance.Real("rel", 0));
        }
    }

    public static LearningRateSchedule Build(string kind, JsonElement a) => Build(kind, a, a.Real("base_lr"));

    public static LearningRateSchedule Build(string kind, JsonElement a, double rate) => kind switch
    {
        "schedule.cosine_annealing" => new CosineAnnealing
        { BaseRate = rate, HalfPeriod = a.Whole("T_max"), MinRate = a.Real("eta_min") },
        "schedule.cosine_warm_restarts" => new CosineWarmRestarts
        {
            BaseRate = rate,
            FirstPeriod = a.Whole("T_0"),
            PeriodFactor = a.Whole("T_mult"),
            MinRate = a.Real("eta_min")
        },
        "schedule.step" => new StepDecay { BaseRate = rate, StepSize = a.Whole("step_size"), Gamma = a.Real("gamma") },
        "schedule.multi_step" => new MultiStepDecay
        { BaseRate = rate, Milestones = a.Wholes("milestones"), Gamma = a.Real("gamma") },
        "schedule.exponential" => new ExponentialDecay { BaseRate = rate, Gamma = a.Real("gamma") },
        "schedule.warmup_multi_step" => new WarmupMultiStep
        {
            BaseRate = rate,
            WarmupTicks = a.Whole("warm_up_epochs"),
            Milestones = a.Wholes("milestones"),
            Gamma = a.Real("gamma"),
        },
        "schedule.warmup_cosine" => new WarmupCosine
        { BaseRate = rate, WarmupTicks = a.Whole("warm_up_epochs"), TotalTicks = a.Whole("epochs") },
        "schedule.poly" => new PolynomialDecay
        { BaseRate = rate, MaxTicks = a.Whole("max_steps"), Exponent = a.Real("exponent") },
        "schedule.reduce_on_plateau" => new ReduceOnPlateau
        {
            BaseRate = rate,
            Patience = a.Whole("patience"),
            Factor = a.Real("factor"),
            Threshold = a.Real("threshold"),
            HigherIsBetter = a.Text("mode") == "max",
            Cooldown = a.Whole("cooldown"),
            MinRate = a.Real("min_lr"),
            SmallestChange = a.Real("eps"),
        },
        _ => throw new InvalidOperationException($"schedule kind '{kind}' is unknown."),
    };
}
