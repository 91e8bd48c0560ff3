using System.Diagnostics;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Models;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Execution;

namespace Krait.Cli.Benchmarks;

/// <summary>What one model took, beside what this machine could do in the same minutes.</summary>
sealed record ModelTiming
{
    public required MachineLimits Limits { get; init; }

    /// <summary>Seconds of every timed run.</summary>
    public required IReadOnlyList<double> Runs { get; init; }

    public required StepTimes Steps { get; init; }

    /// <summary>Least seconds of what a run does beside the plan: feeding it, and the optimizer.</summary>
    public required double Beside { get; init; }

    /// <summary>Least time of everything that was executed.</summary>
    public required double Floor { get; init; }

    public required long ArenaBytes { get; init; }
    public required long ResidentBytes { get; init; }

    /// <summary>Share of the machine that others used; null where unknown.</summary>
    public required double? OthersShare { get; init; }

    public double Least => Runs.Min();
    public double Median => Runs.Order().ElementAt(Runs.Count / 2);

    /// <summary>
    /// Seconds of a run in which every op takes its least time. The limits are the best of samples of milliseconds, and
    /// so are these; a whole run meets such a moment from end to end only where nobody shares the cores.
    /// </summary>
    public double Undisturbed => Beside + Enumerable.Range(0, Steps.Steps.Count).Sum(Steps.Seconds);
}

/// <summary>Times a model's prediction or training step in steady state,
/// interleaved with samples of the limits.</summary>
static class ModelBenchmark
{
    const int WarmUps = 2;
    const double LearningRate = 1e-4;

    public static ModelTiming Predict(SegmentationModel model, Device device, Shape input, int repeats,
        SimdLevel level, CancellationToken stop)
    {
        var program = new Program(isTraining: false);
        Value image = program.Input("image", input);
        program.Keep(model.Forward(image), "logits");
        using var plan = new Plan(program, device, model.Store, new PlanOptions { HoistConstants = true });
        Noise.Fill(plan[image].AsSpan());
        return Measure(plan, () => plan.Run(), device, level, repeats, stop);
    }

    public static ModelTiming Train(SegmentationModel model, Device device, Shape input, int repeats,
        SimdLevel level, CancellationToken stop)
    {
        Shape target = input.WithWidth(1);
        var loss = ConfiguredLoss.Of(new LossConfig(), model.Classes);
        using var step = new TrainingStep(model, device, loss, input, target);
        var x = new float[input.Count];
        var y = new float[target.Count];
        Noise.Fill(x);
        for (int i = 0; i < y.Length; i++)
            y[i] = i / 64 % Math.Max(2, model.Classes);
        var optimizer = new Adam(device, model.Store, new AdamSettings());
        long run = 0;
        ModelTiming timing = Measure(step.Plan, () =>
        {
            step.Run(x, y, new RunArguments(1, run++));
            optimizer.Step(step.Learned, LearningRate);
        }, device, level, repeats, stop);
        long learned = step.Learned.Sum(p => p.Shape.Count);
        return timing with { Floor = timing.Floor + Floor.AdamW(learned, timing.Limits) };
    }

    static ModelTiming Measure(Plan plan, Action run, Device device, SimdLevel level, int repeats,
        CancellationToken stop)
    {
        using var probe = new LimitProbe(level, device.Threads);
        for (int i = 0; i < WarmUps; i++)
            run();
        var busy = new BusyMonitor();
        var seconds = new List<double>();
        var steps = new StepTimes(plan);
        double beside = double.PositiveInfinity;
        for (int i = 0; i < repeats; i++)
        {
            stop.ThrowIfCancellationRequested();
            probe.Sample(2);
            plan.IsProfiling = false;
            seconds.Add(Seconds(run));
            plan.IsProfiling = true;
            beside = Math.Min(beside, Seconds(run) - (plan.Nanoseconds.Sum() * 1e-9));
            steps.Take(plan);
        }
        probe.Dispose();    // its memory is not the model's
        using var process = Process.GetCurrentProcess();
        return new ModelTiming
        {
            Limits = probe.Best,
            Runs = seconds,
            Steps = steps,
            Beside = beside,
            Floor = plan.Steps.Sum(op => Floor.Seconds(op, probe.Best)),
            ArenaBytes = plan.ArenaBytes + plan.ConstantBytes,
            ResidentBytes = process.WorkingSet64,
            OthersShare = busy.OthersShare(),
        };
    }

    static double Seconds(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
