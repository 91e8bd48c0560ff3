using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Cli.Benchmarks;

/// <summary>Prints benchmarks, as tables or JSON.</summary>
sealed class BenchReport(CommandContext context, SimdLevel level, int threads)
{
    /// <summary>Beyond this share of the machine used by others, times mean little.</summary>
    const double BusyShare = 0.06;

    /// <summary>Limits and single kernels.</summary>
    public void Write(MachineLimits limits, IReadOnlyList<KernelTiming> kernels, double? others)
    {
        if (context.IsJson)
        {
            JsonObject json = Limits(limits, others);
            json["kernels"] = new JsonArray([.. kernels.Select(k => (JsonNode)new JsonObject
            {
                ["name"] = k.Name,
                ["seconds"] = k.Seconds,
                ["floor_seconds"] = k.Floor > 0 ? k.Floor : null,
                ["times_floor"] = k.Floor > 0 ? k.Seconds / k.Floor : null,
                ["macs"] = k.Macs,
                ["bytes"] = k.Bytes,
            })]);
            context.WriteJson(json);
        }
        else
        {
            WriteLimits(limits);
            if (kernels.Count > 0)
                context.WriteTable("Kernels, least of many runs",
                    ["kernel", "ms", "floor ms", "x floor", "GMAC/s", "GB/s"],
                    kernels.Select(k => new[]
                    {
                        k.Name, Milliseconds(k.Seconds), k.Floor > 0 ? Milliseconds(k.Floor) : "",
                        k.Floor > 0 ? Number(k.Seconds / k.Floor) : "", Number(k.Macs / k.Seconds / 1e9),
                        Number(k.Bytes / k.Seconds / 1e9),
                    }));
        }
        WarnIfBusy(others);
    }

    /// <summary>A model.</summary>
    public void Write(ModelTiming timing, string model, bool isTraining, bool withLayers)
    {
        IReadOnlyList<CostRow> kinds = CostRow.By(timing.Steps, timing.Limits, op => op.Name);
        IReadOnlyList<CostRow> shapes = withLayers ? CostRow.By(timing.Steps, timing.Limits, KindAndShape) : [];
        IReadOnlyList<CostRow> layers = withLayers
            ? CostRow.By(timing.Steps, timing.Limits, op => $"{op.Path} {op.Name}")
            : [];
        if (context.IsJson)
        {
            JsonObject json = Limits(timing.Limits, timing.OthersShare);
            json["model"] = model;
            json["work"] = isTraining ? "training step" : "prediction";
            json["seconds_least"] = timing.Least;
            json["seconds_median"] = timing.Median;
            json["floor_seconds"] = timing.Floor;
            json["times_floor"] = timing.Least / timing.Floor;
            json["seconds_undisturbed"] = timing.Undisturbed;
            json["undisturbed_times_floor"] = timing.Undisturbed / timing.Floor;
            json["arena_bytes"] = timing.ArenaBytes;
            json["resident_bytes"] = timing.ResidentBytes;
            json["kinds"] = Rows(kinds);
            if (withLayers)
            {
                json["shapes"] = Rows(shapes);
                json["layers"] = Rows(layers);
            }
            context.WriteJson(json);
        }
        else
        {
            WriteLimits(timing.Limits);
            WriteRows("By kind of op, least of several runs", kinds);
            if (withLayers)
            {
                WriteRows("By kind of op and shape, input to output", shapes);
                WriteRows("By layer and kind of op", layers);
            }
            context.Write(string.Create(CultureInfo.InvariantCulture,
                $"{model} {(isTraining ? "training step" : "prediction")}: least {Milliseconds(timing.Least)} ms, "
                + $"median {Milliseconds(timing.Median)} ms of {timing.Runs.Count} runs; "
                + $"floor {Milliseconds(timing.Floor)} ms, {timing.Least / timing.Floor:0.00} x floor"));
            context.Write(string.Create(CultureInfo.InvariantCulture,
                $"every op at its least: {Milliseconds(timing.Undisturbed)} ms, "
                + $"{timing.Undisturbed / timing.Floor:0.00} x floor"));
            context.Write($"memory: planned {ByteSize.Rounded(timing.ArenaBytes)}, "
                + $"process {ByteSize.Rounded(timing.ResidentBytes)}");
        }
        WarnIfBusy(timing.OthersShare);
    }

    static string KindAndShape(Op op)
    {
        Value? input = op.Inputs.FirstOrDefault(v => v is not null);
        return $"{op.Name} {input?.Shape} to {op.Outputs[0].Shape}";
    }

    void WriteLimits(MachineLimits limits) =>
        context.WriteTable($"Limits of this machine, {level}, {threads} threads, best of many samples",
            ["limit", "rate", "unit"],
            [
                ["multiply-add", Number(limits.FlopsPerSecond / 1e9), "GFLOP/s"],
                ["memory", Number(limits.BytesPerSecond / 1e9), "GB/s"],
                ["exp", Number(limits.ExpsPerSecond / 1e9), "G/s"],
            ]);

    void WriteRows(string title, IReadOnlyList<CostRow> rows)
    {
        double all = rows.Sum(r => r.Seconds);
        context.WriteTable(title, ["name", "ops", "ms", "share", "floor ms", "x floor", "GMAC", "MB moved"],
            rows.Select(r => new[]
            {
                r.Name, r.Steps.ToString(CultureInfo.InvariantCulture), Milliseconds(r.Seconds),
                (r.Seconds / all).ToString("P1", CultureInfo.InvariantCulture), Milliseconds(r.Floor),
                r.Floor > 0 ? Number(r.Seconds / r.Floor) : "", Number(r.Macs / 1e9), Number(r.Bytes / 1e6),
            }));
    }

    JsonObject Limits(MachineLimits limits, double? others) => new()
    {
        ["simd"] = level.ToString(),
        ["threads"] = threads,
        ["flops_per_second"] = limits.FlopsPerSecond,
        ["bytes_per_second"] = limits.BytesPerSecond,
        ["exps_per_second"] = limits.ExpsPerSecond,
        ["others_share"] = others,
    };

    static JsonArray Rows(IReadOnlyList<CostRow> rows) => new([.. rows.Select(r => (JsonNode)new JsonObject
    {
        ["name"] = r.Name,
        ["ops"] = r.Steps,
        ["seconds"] = r.Seconds,
        ["floor_seconds"] = r.Floor,
        ["macs"] = r.Macs,
        ["bytes"] = r.Bytes,
    })]);

    void WarnIfBusy(double? others)
    {
        if (others > BusyShare)
            context.Warn(string.Create(CultureInfo.InvariantCulture, $"other processes used {others:P0} of the ")
                + "machine meanwhile; times are too long by an unknown amount.");
    }

    static string Milliseconds(double seconds) => Number(seconds * 1e3);

    static string Number(double x) =>
        x.ToString(x >= 100 ? "0" : x >= 1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);
}
