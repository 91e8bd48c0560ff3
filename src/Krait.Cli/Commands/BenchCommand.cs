using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Benchmarks;
using Krait.Cli.Terminals;
using Krait.Engine.Kernels.Simd;

namespace Krait.Cli.Commands;

/// <summary>Measures the machine's limits, then kernels and models as multiples of the least possible time.</summary>
static class BenchCommand
{
    const int ProbeSamples = 40;

    /// <summary>Beyond this share of the machine used by others, times mean little.</summary>
    const double BusyShare = 0.06;

    public static Command Create(Terminal terminal)
    {
        var command = new KraitCommand("bench",
            "Measure this machine's limits, then kernels and models as multiples of the least possible time.")
        {
            Examples = ["krait bench", "krait bench --threads 1 --json"],
        };
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        SimdLevel level = SimdLevels.Choose(Environment.GetEnvironmentVariable(SimdLevels.Variable));
        int threads = context.Threads > 0 ? context.Threads : Environment.ProcessorCount;
        var busy = new BusyMonitor();
        using var probe = new LimitProbe(level, threads);
        probe.Sample(ProbeSamples);
        double? others = busy.OthersShare();
        if (context.IsJson)
            context.WriteJson(LimitsJson(probe.Best, level, threads, others));
        else
            WriteLimits(context, probe.Best, level, threads);
        if (others > BusyShare)
            context.Warn(string.Create(CultureInfo.InvariantCulture,
                $"other processes used {others:P0} of the machine meanwhile; times are too long by an unknown amount."));
        return ExitCode.Success;
    }

    static void WriteLimits(CommandContext context, MachineLimits limits, SimdLevel level, int threads) =>
        context.WriteTable($"Limits of this machine, {level}, {threads} threads, best of many samples",
            ["limit", "rate", "unit"],
            [
                ["multiply-add", Number(limits.FlopsPerSecond / 1e9), "GFLOP/s"],
                ["memory", Number(limits.BytesPerSecond / 1e9), "GB/s"],
                ["exp", Number(limits.ExpsPerSecond / 1e9), "G/s"],
            ]);

    static JsonObject LimitsJson(MachineLimits limits, SimdLevel level, int threads, double? others) => new()
    {
        ["simd"] = level.ToString(),
        ["threads"] = threads,
        ["flops_per_second"] = limits.FlopsPerSecond,
        ["bytes_per_second"] = limits.BytesPerSecond,
        ["exps_per_second"] = limits.ExpsPerSecond,
        ["others_share"] = others,
    };

    static string Number(double x) => x.ToString(x >= 100 ? "0" : "0.00", CultureInfo.InvariantCulture);
}
