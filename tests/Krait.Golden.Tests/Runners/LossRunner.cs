using System.Text.Json;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Training;

namespace Krait.Golden.Tests.Runners;

/// <summary>Losses: as cases of their own, as ops, and as the scalar whose gradients a network case holds.</summary>
internal static class LossRunner
{
    /// <summary>loss.*, op.bce, op.cross_entropy: the output is the loss.</summary>
    public static void Run(RunContext context)
    {
        using var traced = new TracedCase(context);
        GoldenCase test = context.Case;
        JsonElement args = test.Args;
        string kind = test.Kind;
        if (kind == "loss.gt_bce_dice")
        {
            traced.Check(ManyOutputs(traced, args));
            return;
        }
        Value? classWeights = args.Has("weight_tensor") ? traced.Input(args.Text("weight_tensor")) : null;
        Value x = traced.Input();
        bool hasLabels = kind is "op.cross_entropy" or "loss.ce_dice" or "loss.ndice";
        Value target = hasLabels ? traced.Labels("target") : traced.Input("target");
        bool fromLogits = test.Json.Text("input_is") == "logits";
        traced.Check(Build(kind, args, x, target, fromLogits, classWeights));
    }

    /// <summary>The loss of a kind with its settings.</summary>
    /// <param name="fromLogits">Whether x is logits; probabilities otherwise.</param>
    public static Value Build(string kind, JsonElement args, Value x, Value target, bool fromLogits,
        Value? classWeights = null)
    {
        if (args.Has("reduction") && args.Text("reduction") != "mean")
            throw new NotSupportedException($"{kind}: the mean; got {args}.");
        double smooth = args.Real("smooth", 0);
        return (kind, fromLogits) switch
        {
            ("op.bce", true) => Losses.Bce(x, target),
            ("op.bce", false) => ProbabilityLosses.Bce(x, target),
            ("op.cross_entropy", true) when args.Real("label_smoothing", 0) == 0 =>
                Losses.CrossEntropy(x, target, classWeights,
                    args.Has("ignore_index") ? args.Whole("ignore_index") : CrossEntropy.DefaultIgnored),
            ("loss.dice", true) => Losses.Dice(x, target, smooth),
            ("loss.dice", false) => ProbabilityLosses.Dice(x, target, smooth),
            ("loss.bce_dice", true) =>
                Losses.BceDice(x, target, args.Real("bce_weight"), args.Real("dice_weight"), smooth),
            ("loss.bce_dice", false) =>
                ProbabilityLosses.BceDice(x, target, args.Real("bce_weight"), args.Real("dice_weight"), smooth),
            ("loss.ndice", true) when IsPublishedDice(args) => Losses.MultiClassDice(x, target, smooth),
            ("loss.ce_dice", true) when IsPublishedDice(args) =>
                Losses.CeDice(x, target, args.Real("ce_weight"), args.Real("dice_weight"), smooth),
            _ => throw new NotSupportedException($"{kind} on {(fromLogits ? "logits" : "probabilities")}: {args}"),
        };
    }

    static bool IsPublishedDice(JsonElement args) => args.Flag("softmax") && args.Flag("batch_dice")
        && args.Flag("squared_denominator") && args.Flag("include_background") && !args.Has("class_weights");

    static Value ManyOutputs(TracedCase traced, JsonElement args)
    {
        string[] names = [args.Text("main_input"), .. args.Texts("deep_inputs")];
        double[] weights = [args.Real("main_weight"), .. args.Reals("deep_weights")];
        Value target = traced.Input("target");
        Value[] outputs = [.. names.Select(n => traced.Input($"input.{n}"))];
        return DeepSupervision.Apply(outputs, [.. outputs.Select(_ => target)], weights,
            (x, t) => Build("loss.bce_dice", args, x, t, fromLogits: false));
    }
}
