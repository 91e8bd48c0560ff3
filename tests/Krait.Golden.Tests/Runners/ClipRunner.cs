using System.Text.Json;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests.Runners;

/// <summary>clip_grad_norm: the norm over all gradients, and the gradients after scaling.</summary>
internal static class ClipRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
            Check(context, item);
    }

    static void Check(RunContext context, JsonElement item)
    {
        GoldenCase test = context.Case;
        JsonElement args = item.Part("args"), tolerance = item.Part("tolerance");
        if (args.Real("norm_type") != 2)
            throw new NotSupportedException($"clip_grad_norm: the 2-norm; got {args}.");
        string[] inputs = item.Part("inputs").Texts("grads"), outputs = item.Part("outputs").Texts("grads");
        using var store = new ParameterStore();
        foreach (string name in inputs)
            store.Declare(name, ParameterKind.Weight, test.Tensor(name).Shape, null, (_, _, _) => { });
        foreach (Parameter p in store.Parameters)
            test.Tensor(p.Name).Data.CopyTo(store.Gradient(p));
        double norm = GradientClip.ByNorm(context.Device, store, store.Parameters, args.Real("max_norm"));
        (double abs, double rel) = (tolerance.Real("abs", 0), tolerance.Real("rel", 0));
        context.Comparison.Number($"{item.Text("name")} total_norm", norm, item.Part("expected").Real("total_norm"),
            abs, rel);
        for (int i = 0; i < inputs.Length; i++)
            context.Comparison.Close($"{item.Text("name")} {outputs[i]}", store.SaveGradient(store.Find(inputs[i])!),
                test.Tensor(outputs[i]), abs, rel);
    }
}
