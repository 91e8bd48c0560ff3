using System.Text.Json;
using Krait.Engine;
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
        Value target = TakesLabels(kind) ? traced.Labels("target") : traced.Input("target");
        bool fromLogits = test.Json.Text("input_is") == "logits";
        traced.Check(Build(kind, args, x, target, fromLogits, classWeights));
    }

    /// <summary>Whether the target of a kind is class numbers.</summary>
    public static bool TakesLabels(string kind) =>
        kind is "op.cross_entropy" or "loss.ce_dice" or "loss.ndice" or "loss.dc_ce" or "loss.dc_topk";

    /// <summary>The loss of a kind with its settings.</summary>
    /// <param name="fromLogits">Whether x is logits; probabilities otherwise.</param>
    public static Value Build(string kind, JsonElement args, Value x, Value target, bool fromLogits,
        Value? classWeights = null)
    {
        if (args.Has("reduction") && args.Text("reduction") != "mean")
            throw new NotSupportedException($"{kind}: the mean; got {args}.");
        double smooth = args.Real("smooth", 0);
        if (kind is "loss.dc_ce" or "loss.dc_bce" or "loss.dc_topk" or "loss.soft_dice")
            return NnUnet(kind, args, x, target, fromLogits, classWeights);
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

    static Value NnUnet(string kind, JsonElement args, Value x, Value target, bool fromLogits, Value? classWeights)
    {
        if (!fromLogits || args.Flag("ddp") || args.Whole("sign_of_dice") != -1 || args.Has("clip_tp")
            || args.Real("label_smoothing", 0) != 0 || args.Real("denominator_clip") != 1e-8)
            throw new NotSupportedException($"{kind}: not as nnU-Net trains: {args}");
        var dice = new SoftDiceSettings
        {
            IsBatch = args.Flag("batch_dice"),
            HasBackground = args.Flag("do_bg"),
            Smooth = args.Real("smooth"),
        };
        string nonlinearity = args.Text(kind == "loss.soft_dice" ? "nonlinearity" : "dice_nonlinearity");
        int? ignored = args.Has("ignore_label") ? args.Whole("ignore_label") : null;
        return (kind, nonlinearity) switch
        {
            ("loss.dc_ce", "softmax") => NnUnetLosses.DiceCe(x, target, dice, args.Real("ce_weight"),
                args.Real("dice_weight"), ignored, classWeights),
            ("loss.dc_topk", "softmax") => NnUnetLosses.DiceTopK(x, target, dice, args.Real("k"),
                args.Real("ce_weight"), args.Real("dice_weight"), ignored, classWeights),
            ("loss.dc_bce", "sigmoid") => Regions(args, x, target, dice),
            ("loss.soft_dice", "sigmoid") =>
                NnUnetLosses.SoftDice(Activate.Apply(x, Activation.Sigmoid), OneChannelEach(x, target), dice),
            ("loss.soft_dice", "softmax") =>
                NnUnetLosses.SoftDice(Softmax.Apply(x), OneChannelEach(x, target), dice),
            _ => throw new NotSupportedException($"{kind} with {nonlinearity}"),
        };
    }

    /// <summary>With an ignore label the last channel of the target marks what does not count.</summary>
    static Value Regions(JsonElement args, Value x, Value target, SoftDiceSettings dice)
    {
        Value? mask = null;
        if (args.Flag("use_ignore_label"))
        {
            mask = Affine.Apply(SliceChannels.Apply(target, x.Shape.Width, 1), -1f, 1f);
            target = SliceChannels.Apply(target, 0, x.Shape.Width);
        }
        return NnUnetLosses.DiceBce(x, target, dice, args.Real("bce_weight"), args.Real("dice_weight"), mask);
    }

    static Value OneChannelEach(Value x, Value target) =>
        target.Shape == x.Shape ? target : OneHot.Apply(target, x.Shape.Width);

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
