using System.Text.Json;
using Krait.Training.Schedules;

namespace Krait.Training.Tests.Schedules;

public sealed class ScheduleTests
{
    public static TheoryData<string> GoldenItems()
    {
        var data = new TheoryData<string>();
        foreach (var (_, test) in Golden.Cases("schedule"))
            foreach (var item in test.GetProperty("items").EnumerateArray())
                data.Add(item.GetProperty("name").GetString()!);
        return data;
    }

    [Theory, Trait("Category", "Golden")]
    [MemberData(nameof(GoldenItems))]
    public void Rates_equal_the_golden_ones(string name)
    {
        var (folder, item) = Golden.Cases("schedule")
            .SelectMany(c => c.Case.GetProperty("items").EnumerateArray().Select(i => (c.Folder, i)))
            .First(x => x.i.GetProperty("name").GetString() == name);
        var args = item.GetProperty("args");
        var schedule = Build(item.GetProperty("kind").GetString()!, args);
        double[] expected = Numbers(Golden.Resolve(item.GetProperty("expected"), folder));
        double[] scores = args.TryGetProperty("values", out var v) ? Numbers(Golden.Resolve(v, folder)) : [];
        double rel = item.GetProperty("tolerance").GetProperty("rel").GetDouble();
        double abs = item.GetProperty("tolerance").GetProperty("abs").GetDouble();
        // The plateau rule's list is "after the step of epoch e", all others "in force during epoch e".
        int shift = schedule is ReduceOnPlateau ? 1 : 0;
        Assert.NotEmpty(expected);
        for (int e = 0; e < expected.Length; e++)
        {
            double rate = schedule.RateAt(e + shift, scores);
            Assert.True(Math.Abs(rate - expected[e]) <= abs + rel * Math.Abs(expected[e]),
                $"{name}, epoch {e}: expected {expected[e]:R}, got {rate:R}");
        }
    }

    private static LearningRateSchedule Build(string kind, JsonElement args)
    {
        double Real(string key) => args.GetProperty(key).GetDouble();
        int Whole(string key) => args.GetProperty(key).GetInt32();
        int[] Milestones() => [.. args.GetProperty("milestones").EnumerateArray().Select(x => x.GetInt32())];
        double lr = Real("base_lr");
        return kind switch
        {
            "schedule.cosine_annealing" =>
                new CosineAnnealing { BaseRate = lr, HalfPeriod = Whole("T_max"), MinRate = Real("eta_min") },
            "schedule.cosine_warm_restarts" => new CosineWarmRestarts
            { BaseRate = lr, FirstPeriod = Whole("T_0"), PeriodFactor = Whole("T_mult"), MinRate = Real("eta_min") },
            "schedule.step" => new StepDecay { BaseRate = lr, StepSize = Whole("step_size"), Gamma = Real("gamma") },
            "schedule.multi_step" =>
                new MultiStepDecay { BaseRate = lr, Milestones = Milestones(), Gamma = Real("gamma") },
            "schedule.exponential" => new ExponentialDecay { BaseRate = lr, Gamma = Real("gamma") },
            "schedule.warmup_multi_step" => new WarmupMultiStep
            { BaseRate = lr, WarmupTicks = Whole("warm_up_epochs"), Milestones = Milestones(), Gamma = Real("gamma") },
            "schedule.warmup_cosine" => new WarmupCosine
            { BaseRate = lr, WarmupTicks = Whole("warm_up_epochs"), TotalTicks = Whole("epochs") },
            "schedule.poly" =>
                new PolynomialDecay { BaseRate = lr, MaxTicks = Whole("max_steps"), Exponent = Real("exponent") },
            "schedule.reduce_on_plateau" => new ReduceOnPlateau
            {
                BaseRate = lr,
                Patience = Whole("patience"),
                Factor = Real("factor"),
                Threshold = Real("threshold"),
                HigherIsBetter = args.GetProperty("mode").GetString() == "max",
                Cooldown = Whole("cooldown"),
                MinRate = Real("min_lr"),
                SmallestChange = Real("eps"),
            },
            _ => throw new InvalidOperationException($"unknown schedule kind {kind}"),
        };
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(x => x.GetDouble())];
}
