using System.Text.Json;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>op.selective_scan and op.drop_path.</summary>
internal static class ScanRunner
{
    public static void Run(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        (Value y, Value state) = SelectiveScan.Apply(
            traced.Input("input.u"), traced.Input("input.delta"), traced.Input("input.A"),
            traced.Input("input.B"), traced.Input("input.C"),
            args.Flag("has_d") ? traced.Input("input.D") : null,
            args.Flag("has_z") ? traced.Input("input.z") : null,
            args.Flag("has_delta_bias") ? traced.Input("input.delta_bias") : null,
            args.Flag("delta_softplus"));
        if (args.Flag("returns_last_state"))
            traced.Check(y, state);
        else
            traced.Check(y);
    }

    public static void DropPathWithMask(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        if (!args.Flag("scale_by_keep") || !args.Flag("per_sample"))
            throw new NotSupportedException($"drop path: per sample, scaled by what is kept; got {args}.");
        Value mask = traced.Input(args.Text("mask_tensor"));
        traced.Check(DropPath.Apply(traced.Input(), (float)args.Real("drop_prob"), mask));
    }
}
