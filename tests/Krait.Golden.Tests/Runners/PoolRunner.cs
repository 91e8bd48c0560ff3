using System.Text.Json;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>Pooling, adaptive pooling, interpolation.</summary>
internal static class PoolRunner
{
    public static void Fixed(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        traced.Check(Pool.Apply(traced.Input(), Kind(args), args.Wholes("kernel"), args.Wholes("stride"),
            args.Wholes("padding"), args.Wholes("dilation"), args.Flag("ceil_mode")));
    }

    public static void Adaptive(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        traced.Check(AdaptivePool.Apply(traced.Input(), Kind(args), Axes.Triple(args.Wholes("output_size"), 1)));
    }

    public static void Interpolated(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        Value x = traced.Input();
        InterpolateMode mode = args.Text("mode") == "nearest" ? InterpolateMode.Nearest : InterpolateMode.Linear;
        bool aligned = args.Flag("align_corners");
        traced.Check(args.Has("size")
            ? Interpolate.Apply(x, Axes.Triple(args.Wholes("size"), 1), mode, aligned)
            : Interpolate.ApplyScaled(x, Axes.Triple(args.Reals("scale"), 1), mode, aligned));
    }

    static PoolKind Kind(JsonElement args) => args.Text("pool") switch
    {
        "max" => PoolKind.Max,
        "average" => PoolKind.Average,
        string other => throw new NotSupportedException($"pool '{other}' is unknown."),
    };
}
