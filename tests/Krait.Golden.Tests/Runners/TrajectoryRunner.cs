using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Models;
using Krait.Training.Execution;
using Krait.Training.Schedules;

namespace Krait.Golden.Tests.Runners;

/// <summary>trajectory: training steps from given weights, as training takes them;
/// with 1 and 2 threads the same bits.</summary>
internal static class TrajectoryRunner
{
    public static void Run(RunContext context)
    {
        using SegmentationModel model = Create(context);
        (double[] losses, Optimizer optimizer) = Train(context, model, context.Device);
        CompareLosses(context, losses);
        CompareWeights(context, model.Store);
        CompareState(context, model.Store, optimizer);
        CompareEvaluation(context, model);

        using SegmentationModel again = Create(context);
        using Device one = CpuDevice.Create(context.Device.Threads == 1 ? 2 : 1, Devices.Default);
        (double[] other, _) = Train(context, again, one);
        context.Comparison.Require(losses.SequenceEqual(other),
            $"losses: {context.Device.Threads} and {one.Threads} threads must give the same bits");
        foreach (Parameter p in model.Store.Parameters)
            context.Comparison.Require(model.Store.Save(p).SequenceEqual(again.Store.Save(again.Store.Find(p.Name)!)),
                $"{p.Name}: {context.Device.Threads} and {one.Threads} threads must give the same bits");
    }

    static SegmentationModel Create(RunContext context)
    {
        JsonElement part = context.Case.Args.Part("model");
        SegmentationModel model = ModelRunner.Create(part.Text("kind"), part.Part("args"));
        context.Case.LoadWeights(model.Store);
        return model;
    }

    static (double[] Losses, Optimizer Optimizer) Train(RunContext context, SegmentationModel model, Device device)
    {
        GoldenCase test = context.Case;
        JsonElement args = test.Args, loss = test.Json.Part("loss_args");
        JsonElement optimizerPart = args.Part("optimizer"), schedulePart = args.Part("schedule");
        HostArray input = test.EngineTensor("input"), target = Target(test);
        // The published form is on probabilities; training takes the same loss on logits.
        bool fromLogits = test.Wrapper == "sigmoid" || loss.Text("input_is") == "logits";
        using var step = new TrainingStep(model, device,
            (x, t) => LossRunner.Build(loss.Text("kind"), loss, x[0], t, fromLogits), input.Shape, target.Shape);
        Optimizer optimizer = OptimizerRunner.Build(optimizerPart.Text("kind"), optimizerPart.Part("args"), device,
            model.Store);
        LearningRateSchedule schedule = ScheduleRunner.Build(schedulePart.Text("kind"), schedulePart.Part("args"),
            optimizerPart.Part("args").Real("lr"));
        var losses = new double[args.Whole("steps")];
        for (int i = 0; i < losses.Length; i++)
        {
            losses[i] = step.Run(input.Data, target.Data, new RunArguments(Step: i));
            optimizer.Step(step.Learned, schedule.RateAt(i));
        }
        return (losses, optimizer);
    }

    /// <summary>[N, H, W, C]; a class map [N, H, W] has one channel.</summary>
    static HostArray Target(GoldenCase test)
    {
        HostArray target = test.EngineTensor("target");
        return test.LayoutOf("target").StartsWith("other:", StringComparison.Ordinal)
            ? target with { Dims = [.. target.Dims, 1] } : target;
    }

    static void CompareLosses(RunContext context, double[] losses)
    {
        double[] expected = context.Case.Json.Reals("losses");
        context.Comparison.Require(expected.Length == losses.Length, $"losses: {losses.Length}, not {expected.Length}");
        for (int i = 0; i < Math.Min(losses.Length, expected.Length); i++)
            context.Comparison.Number($"loss of step {i}", losses[i], expected[i],
                context.Case.Tolerance.Real("losses_abs"));
    }

    static void CompareWeights(RunContext context, ParameterStore store)
    {
        GoldenCase test = context.Case;
        double abs = test.Tolerance.Real("final_weights_abs");
        string prefix = test.Args.Part("final_weights").Text("sampled_prefix");
        foreach (string name in test.NamesAfter(prefix))
            if (store.Find(name) is { } p)
                context.Comparison.Close(prefix + name, store.Save(p), test.Tensor(prefix + name), abs, 0);
            else
                context.Comparison.Fail($"{prefix}{name}: the model has no such tensor");
        JsonElement fingerprints = test.Json.Part(test.Args.Part("final_weights").Text("fingerprints_field"));
        foreach (Parameter p in store.Parameters)
        {
            float[] got = store.Save(p);
            JsonElement expected = fingerprints.Part(p.Name);
            // Every element within abs moves the norm by at most abs sqrt(n) and the sum by at most abs n.
            context.Comparison.Number($"{p.Name} l2", Math.Sqrt(got.Sum(x => (double)x * x)), expected.Real("l2"),
                abs * Math.Sqrt(got.Length));
            context.Comparison.Number($"{p.Name} sum", got.Sum(x => (double)x), expected.Real("sum"), abs * got.Length);
        }
    }

    /// <summary>
    /// Moments are averages of gradients or of their squares; they are held to the tolerance that gradients have
    /// elsewhere, and to twice that for squares: (g (1 + e))^2 is nearly g^2 (1 + 2 e).
    /// </summary>
    static void CompareState(RunContext context, ParameterStore store, Optimizer optimizer)
    {
        const double gradient = 2e-4;
        (string, int, double)[] moments = [("exp_avg.", 0, gradient), ("exp_avg_sq.", 1, 2 * gradient)];
        foreach ((string prefix, int slot, double tolerance) in moments)
            foreach (string name in context.Case.NamesAfter(prefix))
            {
                Parameter p = store.Find(name)!;
                var moment = new float[p.Shape.Count];
                p.ToCheckpoint(store.Slot(slot).Span(p.Offset, moment.Length), moment);
                context.Comparison.Tensor(prefix + name, moment, context.Case.Tensor(prefix + name), tolerance);
                context.Comparison.Number($"{name} steps", optimizer.StepsOf(p), context.Case.Args.Whole("steps"), 0);
            }
        foreach (string name in context.Case.Json.Texts("unused"))
            context.Comparison.Number($"{name} steps", optimizer.StepsOf(store.Find(name)!), 0, 0);
    }

    static void CompareEvaluation(RunContext context, SegmentationModel model)
    {
        const string tensor = "final_eval_output";
        if (!context.Case.HasTensor(tensor))
            return;
        var program = new Program(isTraining: false);
        HostArray input = context.Case.EngineTensor("input");
        Value x = program.Input("image", input.Shape);
        Value logits = model.Forward(x);
        bool isWrapped = context.Case.Wrapper == "sigmoid";
        Value y = program.Keep(isWrapped ? Activate.Apply(logits, Activation.Sigmoid) : logits, "output");
        using var plan = new Plan(program, context.Device, model.Store);
        TracedCase.Write(plan, x, input.Data);
        plan.Run();
        context.Comparison.Close(tensor, TracedCase.Read(plan, y), context.Case.EngineTensor(tensor),
            context.Case.Tolerance.Real("losses_abs"), 0);
    }
}
