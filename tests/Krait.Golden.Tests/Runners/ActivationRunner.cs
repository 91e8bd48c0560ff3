using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>op.activation.</summary>
internal static class ActivationRunner
{
    public static void Run(RunContext context)
    {
        using var traced = new TracedCase(context);
        traced.Check(Apply(traced.Input(), context.Case.Args));
    }

    static Value Apply(Value x, JsonElement args)
    {
        string function = args.Text("function");
        double slope = args.Real("negative_slope", 0.01);
        if (args.Real("beta", 1) != 1 || (args.Has("approximate") && args.Text("approximate") != "none"))
            throw new NotSupportedException($"{function}: only beta 1 and the exact form; got {args}.");
        return Activate.Apply(x, Find(function), (float)slope);
    }

    public static Activation Find(string function) => function switch
    {
        "relu" => Activation.Relu,
        "leaky_relu" => Activation.LeakyRelu,
        "gelu" => Activation.Gelu,
        "silu" => Activation.Silu,
        "sigmoid" => Activation.Sigmoid,
        "tanh" => Activation.Tanh,
        "softplus" => Activation.Softplus,
        _ => throw new NotSupportedException($"activation '{function}' is unknown."),
    };
}
