using System.CommandLine;
using Krait.Cli.Benchmarks;
using Krait.Cli.Terminals;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Models;

namespace Krait.Cli.Commands;

/// <summary>Measures the machine's limits, then kernels or a model as multiples of the least possible time.</summary>
static class BenchCommand
{
    const int LimitSamples = 40;

    static readonly Argument<string?> Model = new("model")
    {
        Description = "A model's name, weights file or run folder; kernels are timed when none is given.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    static readonly Option<PictureSize?> Size =
        PictureSize.Option("Size of the input [256; 64x64x64 in 3-D].", takesVolumes: true);
    static readonly Option<int?> Batch = OptionParsers.Whole("--batch", 1, 4096, "Pictures at once [1].", "-b");
    static readonly Option<int?> Repeats = OptionParsers.Whole("--repeats", 1, 10000, "Timed runs [12].");
    static readonly Option<bool> Train = new("--train") { Description = "Time a training step with AdamW." };
    static readonly Option<bool> Layers = new("--layers") { Description = "Show the time of each shape and layer." };
    static readonly Option<bool> Limits = new("--limits") { Description = "Measure the machine's limits only." };

    static readonly Option<bool> Serve = new("--serve")
    {
        Description = "Run the model whenever a line on standard input says so; see bench/peers.",
    };

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("bench",
            "Measure this machine's limits, then kernels or a model as multiples of the least possible time.")
        {
            Model, Size, Batch, Repeats, Train, Layers, Limits, Serve, ModelSource.Dims,
            ModelSource.Classes, ModelSource.Channels, ModelSource.Options,
        };
        command.Examples =
        [
            "krait bench",
            "krait bench vmunetv2 --size 256 --layers",
            "krait bench vmunetv2 --train --batch 4 --json",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        SimdLevel level = SimdLevels.Choose(Environment.GetEnvironmentVariable(SimdLevels.Variable));
        using Device device = CpuDevice.Create(context.Threads);
        var report = new BenchReport(context, level, device.Threads);
        if (context.Get(Model) is { } served && context.Get(Serve))
            Answer(context, served, device);
        else if (context.Get(Model) is { } target)
            report.Write(TimeModel(context, target, device, level), target, context.Get(Train), context.Get(Layers));
        else if (context.Get(Limits))
            report.Write(MeasureLimits(device.Threads, level, out double? others), [], others);
        else
            TimeKernels(context, device, level, report);
        return ExitCode.Success;
    }

    static MachineLimits MeasureLimits(int threads, SimdLevel level, out double? others)
    {
        using var probe = new LimitProbe(level, threads);
        var busy = new BusyMonitor();
        probe.Sample(LimitSamples);
        others = busy.OthersShare();
        return probe.Best;
    }

    static void TimeKernels(CommandContext context, Device device, SimdLevel level, BenchReport report)
    {
        using var probe = new LimitProbe(level, device.Threads);
        var busy = new BusyMonitor();
        using ProgressLine progress = context.Progress("kernels", "kernels");
        IReadOnlyList<KernelTiming> kernels =
            KernelBenchmark.Run(device, probe, (done, total) => progress.Report(done, total), context.Stop);
        report.Write(probe.Best, kernels, busy.OthersShare());
    }

    static void Answer(CommandContext context, string target, Device device)
    {
        (SegmentationModel opened, Shape input) =
            ModelSource.Open(context, target, context.Get(Size), context.Get(Batch) ?? 1);
        using SegmentationModel model = opened;
        using var server = new RunServer(model, device, input);
        using var lines = new StreamReader(Console.OpenStandardInput());
        server.Serve(lines, context.Terminal.Output, context.Stop);
    }

    static ModelTiming TimeModel(CommandContext context, string target, Device device, SimdLevel level)
    {
        (SegmentationModel opened, Shape input) =
            ModelSource.Open(context, target, context.Get(Size), context.Get(Batch) ?? 1);
        using SegmentationModel model = opened;
        int repeats = context.Get(Repeats) ?? 12;
        return context.Get(Train)
            ? ModelBenchmark.Train(model, device, input, repeats, level, context.Stop)
            : ModelBenchmark.Predict(model, device, input, repeats, level, context.Stop);
    }
}
