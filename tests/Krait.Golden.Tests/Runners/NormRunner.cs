using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>Norms and softmax.</summary>
internal static class NormRunner
{
    public static void Layer(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int width = args.Wholes("normalized_shape").Single();
        (Value? gamma, Value? beta) = Affine(traced, args, width);
        traced.Check(LayerNorm.Apply(traced.Input(), gamma, beta, Eps(args)));
    }

    public static void Batch(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int width = args.Whole("num_features");
        (Value? gamma, Value? beta) = Affine(traced, args, width);
        Value mean = traced.State("running_mean", new Shape(width));
        Value variance = traced.State("running_var", new Shape(width));
        Value batches = traced.State("num_batches_tracked", new Shape(1));
        traced.Check(BatchNorm.Apply(traced.Input(), gamma!, beta!, mean, variance, Eps(args),
            (float)args.Real("momentum"), batches: batches));
    }

    public static void Instance(RunContext context)
    {
        int width = context.Case.Args.Whole("num_features");
        Grouped(context, width, width);
    }

    public static void Group(RunContext context) =>
        Grouped(context, context.Case.Args.Whole("num_channels"), context.Case.Args.Whole("num_groups"));

    public static void SoftmaxOfChannels(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int[]? axes = Harness.Layout.ToEngine(context.Case.LayoutOf("input"));
        int rank = context.Case.Tensor("input").Dims.Length;
        int axis = ((args.Whole("dim") % rank) + rank) % rank;
        if ((axes is null ? rank - 1 : axes[^1]) != axis || args.Flag("log"))
            throw new NotSupportedException($"softmax: over the channels, not its logarithm; got {args}.");
        traced.Check(Softmax.Apply(traced.Input()));
    }

    public static void Linear(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        int inputs = args.Whole("in_features"), outputs = args.Whole("out_features");
        Value weight = traced.Weight("weight", new Shape(outputs, inputs));
        Value? bias = args.Flag("bias") ? traced.Weight("bias", new Shape(outputs)) : null;
        traced.Check(MatMul.Apply(traced.Input(), weight, bias));
    }

    static void Grouped(RunContext context, int width, int groups)
    {
        using var traced = new TracedCase(context);
        (Value? gamma, Value? beta) = Affine(traced, context.Case.Args, width);
        traced.Check(GroupNorm.Apply(traced.Input(), groups, gamma, beta, Eps(context.Case.Args)));
    }

    static (Value? Gamma, Value? Beta) Affine(TracedCase traced, JsonElement args, int width) => args.Flag("affine")
        ? (traced.Weight("weight", new Shape(width)), traced.Weight("bias", new Shape(width)))
        : (null, null);

    static float Eps(JsonElement args) => (float)args.Real("eps");
}
