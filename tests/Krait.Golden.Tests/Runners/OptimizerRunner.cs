using System.Text.Json;
using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Weights;

namespace Krait.Golden.Tests.Runners;

/// <summary>optimizer.*: the weights after every step from given gradients, and the state at the end.</summary>
internal static class OptimizerRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
            Check(context, item);
    }

    /// <summary>The optimizer of a kind with the settings as PyTorch names them.</summary>
    public static Optimizer Build(string kind, JsonElement args, Device device, ParameterStore store)
    {
        bool isDecoupled = args.Text("weight_decay_kind") == "decoupled";
        switch (kind)
        {
            case "optimizer.adamw" or "optimizer.adam":
                double[] betas = args.Reals("betas");
                return new Adam(device, store, new AdamSettings(betas[0], betas[1], args.Real("eps"),
                    args.Real("weight_decay"), isDecoupled, args.Flag("amsgrad")));
            case "optimizer.sgd" when !isDecoupled:
                return new Sgd(device, store, new SgdSettings(args.Real("momentum"), args.Real("dampening"),
                    args.Flag("nesterov"), args.Real("weight_decay")));
            case "optimizer.rmsprop" when !isDecoupled:
                return new RmsProp(device, store, new RmsPropSettings(args.Real("alpha"), args.Real("eps"),
                    args.Real("momentum"), args.Flag("centered"), args.Real("weight_decay")));
            case "optimizer.adagrad" when !isDecoupled:
                return new Adagrad(device, store, new AdagradSettings(args.Real("lr_decay"), args.Real("eps"),
                    args.Real("weight_decay"), args.Real("initial_accumulator_value")));
            case "optimizer.adadelta" when !isDecoupled:
                return new Adadelta(device, store, new AdadeltaSettings(args.Real("rho"), args.Real("eps"),
                    args.Real("weight_decay")));
            case "optimizer.adamax" when !isDecoupled:
                double[] decays = args.Reals("betas");
                return new Adamax(device, store, new AdamaxSettings(decays[0], decays[1], args.Real("eps"),
                    args.Real("weight_decay")));
            default:
                throw new NotSupportedException($"{kind}: {args}");
        }
    }

    static void Check(RunContext context, JsonElement item)
    {
        using var store = new ParameterStore();
        TensorFile file = context.Case.Open(item.Text("file"));
        JsonElement args = item.Part("args");
        const string start = "param.0.";
        foreach (HostTensor t in file.Tensors.Where(t => t.Name.StartsWith(start, StringComparison.Ordinal)))
            store.Declare(t.Name[start.Length..], ParameterKind.Weight, HostArray.Read(t).Shape, null,
                (_, _, _) => { });
        foreach (Parameter p in store.Parameters)
            store.Load(p, file[start + p.Name].ToFloat32());
        Optimizer optimizer = Build(item.Text("kind"), args, context.Device, store);
        int steps = item.Whole("steps");
        for (int step = 0; step < steps; step++)
        {
            foreach (Parameter p in store.Parameters)
                file[$"grad.{step}.{p.Name}"].CopyTo(store.Gradient(p));
            optimizer.Step(store.Parameters, Rate(item, args, step));
            foreach (Parameter p in store.Parameters)
                Compare(context, item, $"param.{step + 1}.{p.Name}", store.Save(p), file);
        }
        foreach (Parameter p in store.Parameters)
            CompareState(context, item, optimizer, store, p, file);
    }

    static void CompareState(RunContext context, JsonElement item, Optimizer optimizer, ParameterStore store,
        Parameter p, TensorFile file)
    {
        string prefix = $"state.{p.Name}.";
        foreach (HostTensor t in file.Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)))
            if (t.Name[prefix.Length..] == "step")
                context.Comparison.Number($"{item.Text("name")} {t.Name}", optimizer.StepsOf(p), t.ToFloat32()[0], 0);
            else
                Compare(context, item, t.Name, store.Slot(Slot(t.Name[prefix.Length..], optimizer.Slots))
                    .Span(p.Offset, checked((int)p.Shape.Count)), file);
    }

    /// <summary>Where an optimizer with so many slots keeps a state of PyTorch's name.</summary>
    static int Slot(string state, int slots) => state switch
    {
        "exp_avg" or "square_avg" or "sum" => 0,
        "momentum_buffer" => slots == 1 ? 0 : 1,
        "exp_avg_sq" or "acc_delta" or "exp_inf" => 1,
        "grad_avg" => slots - 1,
        "max_exp_avg_sq" => 2,
        _ => throw new NotSupportedException($"optimizer state '{state}' is unknown."),
    };

    /// <summary>The rate in force at a step; lr_changes lists {step, lr} or [step, lr].</summary>
    static double Rate(JsonElement item, JsonElement args, int step)
    {
        double rate = args.Real("lr");
        foreach (JsonElement change in item.Part("lr_changes").EnumerateArray())
        {
            bool isPair = change.ValueKind == JsonValueKind.Array;
            if ((isPair ? change[0].GetInt32() : change.Whole("step")) <= step)
                rate = isPair ? change[1].GetDouble() : change.Real("lr");
        }
        return rate;
    }

    static void Compare(RunContext context, JsonElement item, string tensor, ReadOnlySpan<float> got, TensorFile file)
    {
        JsonElement tolerance = item.Part("tolerance");
        context.Comparison.Close($"{item.Text("name")} {tensor}", got, HostArray.Read(file[tensor]),
            tolerance.Real("abs", 0), tolerance.Real("rel", 0));
    }
}
