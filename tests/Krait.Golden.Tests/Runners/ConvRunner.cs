using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>op.conv and op.conv_transpose: 1 to 3 dimensions, groups, depthwise.</summary>
internal static class ConvRunner
{
    public static void Direct(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int inputs = args.Whole("in_channels"), outputs = args.Whole("out_channels"), groups = args.Whole("groups");
        int[] kernel = args.Wholes("kernel");
        Value x = traced.Input();
        // Checkpoint [O, I / groups, taps...] to [taps..., I / groups, O].
        Value weight = traced.Weight("weight", new Shape([outputs, inputs / groups, .. kernel]),
            [.. Enumerable.Range(2, kernel.Length), 1, 0]);
        Value? bias = Bias(traced, args, outputs);
        bool isDepthwise = groups == inputs && groups == outputs && groups > 1
            && args.Wholes("stride").All(s => s == 1);
        traced.Check(isDepthwise
            ? DepthwiseConv.Apply(x, weight, bias, Settings(args, 1))
            : Conv.Apply(x, weight, bias, Settings(args, groups)));
    }

    public static void Transposed(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int inputs = args.Whole("in_channels"), outputs = args.Whole("out_channels"), groups = args.Whole("groups");
        int[] kernel = args.Wholes("kernel");
        Value x = traced.Input();
        // Checkpoint [I, O / groups, taps...] to [taps..., I, O / groups].
        Value weight = traced.Weight("weight", new Shape([inputs, outputs / groups, .. kernel]),
            [.. Enumerable.Range(2, kernel.Length), 0, 1]);
        traced.Check(ConvTranspose.Apply(x, weight, Bias(traced, args, outputs), Settings(args, groups)));
    }

    static Value? Bias(TracedCase traced, JsonElement args, int outputs) =>
        args.Flag("bias") ? traced.Weight("bias", new Shape(outputs)) : null;

    static ConvSettings Settings(JsonElement args, int groups)
    {
        if (args.Wholes("dilation").Any(d => d != 1))
            throw new NotSupportedException($"convolution: dilation is 1 in all networks; got {args}.");
        return ConvSettings.Of(args.Wholes("stride"), args.Wholes("padding"),
            args.Has("output_padding") ? args.Wholes("output_padding") : [], groups);
    }
}
