using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Training;

/// <summary>The loss that a configuration names.</summary>
public static class ConfiguredLoss
{
    /// <summary>The loss of a network's outputs, finest first, and the target at the finest size.</summary>
    /// <param name="config">Kind and weights.</param>
    /// <param name="outputs">Channels of the logits; 1 for two classes.</param>
    /// <param name="coding">What targets hold; null: class numbers, none of them ignored.</param>
    /// <exception cref="ConfigException">If the loss does not fit the number of classes, regions or ignored positions,
    /// or, when it is traced, of outputs.</exception>
    public static Func<IReadOnlyList<Value>, Value, Value> Of(LossConfig config, int outputs,
        TargetCoding? coding = null)
    {
        coding ??= TargetCoding.OfClasses(outputs);
        bool isSigmoid = outputs == 1 || coding.Regions.Count > 0;
        config = config with { Kind = Resolve(config.Kind, isSigmoid, coding) };
        Check(config, isSigmoid, coding);
        Func<Value, Value, Value> one = isSigmoid ? (x, t) => Sigmoid(config, x, coding.Channels(t))
            : (x, t) => Softmax(config, x, t, coding.IgnoredLabel);
        return (logits, target) => config.Kind == LossKind.GtBceDice
            ? DeepSupervision.Apply(DeepSupervision.AtSizeOf(target, logits), [.. logits.Select(_ => target)],
                Weights(config, logits.Count, DeepSupervision.FallingWeights), one)
            : DeepSupervision.Apply(logits, DeepSupervision.Targets(target, logits),
                Weights(config, logits.Count, DeepSupervision.HalvingWeights), one);
    }

    static LossKind Resolve(LossKind kind, bool isSigmoid, TargetCoding coding) =>
        kind != LossKind.Auto ? kind
        : coding.Regions.Count > 0 ? LossKind.DcBce
        : coding.HasIgnored ? LossKind.DcCe
        : isSigmoid ? LossKind.BceDice : LossKind.CeDice;

    static void Check(LossConfig config, bool isSigmoid, TargetCoding coding)
    {
        LossKind kind = config.Kind;
        if (coding.Regions.Count > 0 && kind is not (LossKind.Bce or LossKind.DcBce or LossKind.SoftDice))
            throw new ConfigException($"loss.kind: regions overlap, so each has a sigmoid of its own; got "
                + $"{Name(kind)}. Use dc_bce, bce, soft_dice or auto.");
        if (coding.HasIgnored && kind is LossKind.Dice or LossKind.BceDice or LossKind.CeDice or LossKind.GtBceDice)
            throw new ConfigException($"loss.kind: {Name(kind)} cannot leave out the pixels that dataset.yaml "
                + "ignores. Use dc_ce, dc_bce, dc_topk, soft_dice, ce, bce or auto.");
        if (kind is LossKind.Bce or LossKind.BceDice or LossKind.GtBceDice or LossKind.DcBce && !isSigmoid)
            throw new ConfigException("loss.kind: bce, bce_dice, gt_bce_dice and dc_bce are for two classes or "
                + $"regions; got {coding.Classes} classes. Use ce_dice or dc_ce.");
        if (kind is LossKind.CrossEntropy or LossKind.CeDice or LossKind.DcTopK && isSigmoid)
            throw new ConfigException(
                "loss.kind: ce, ce_dice and dc_topk are for three or more classes. Use bce_dice or dc_ce.");
        if (config.Background && isSigmoid)
            throw new ConfigException("loss.background: the background has no output of its own where two classes or "
                + "regions are learned. Leave it false.");
        CheckClassWeights(config, coding);
    }

    static void CheckClassWeights(LossConfig config, TargetCoding coding)
    {
        if (config.ClassWeights.Count == 0)
            return;
        if (coding.Regions.Count > 0)
            throw new ConfigException("loss.class_weights: regions are learned, not classes. Leave it out.");
        if (config.ClassWeights.Count != coding.Classes)
            throw new ConfigException($"loss.class_weights: one a class, background first, so {coding.Classes}; got "
                + $"{config.ClassWeights.Count}.");
        if (config.ClassWeights.All(w => w == 0))
            throw new ConfigException("loss.class_weights: all are 0, so nothing counts. Give one a weight.");
    }

    static string Name(LossKind kind) => LossConfig.NameOf(kind);

    /// <summary>Logits and targets with a channel a region, or one for two classes.</summary>
    static Value Sigmoid(LossConfig config, Value x, (Value Target, Value? Mask) to)
    {
        SoftDiceSettings soft = Soft(config) with { HasBackground = true };
        Value SoftDice() => NnUnetLosses.SoftDice(Activate.Apply(x, Activation.Sigmoid), to.Target, soft, to.Mask);
        Value Dice() => Losses.Dice(x, to.Target, config.Smooth ?? 1);
        Value Both(Func<Value> dice) =>
            Losses.Weighted((Pixel(config, x, to), config.PixelWeight), (dice(), config.DiceWeight));
        return config.Kind switch
        {
            LossKind.Bce => Pixel(config, x, to),
            LossKind.Dice => Dice(),
            LossKind.SoftDice => SoftDice(),
            LossKind.DcCe or LossKind.DcBce => Both(SoftDice),
            _ => Both(Dice),
        };
    }

    static Value Pixel(LossConfig config, Value x, (Value Target, Value? Mask) to) =>
        config.ClassWeights is [var background, var foreground]
            ? Losses.WeightedBce(x, to.Target, background, foreground, to.Mask)
            : NnUnetLosses.Bce(x, to.Target, to.Mask);

    static Value Softmax(LossConfig config, Value x, Value labels, int? ignored)
    {
        SoftDiceSettings soft = Soft(config);
        double pixel = config.PixelWeight, dice = config.DiceWeight;
        Value? weights = ClassWeights(config, x.Program);
        return config.Kind switch
        {
            LossKind.CrossEntropy => Losses.CrossEntropy(x, labels, weights, ignored ?? CrossEntropy.DefaultIgnored),
            LossKind.Dice => Losses.MultiClassDice(x, labels, config.Smooth ?? 1e-5),
            LossKind.SoftDice => NnUnetLosses.SoftmaxDice(x, labels, soft, ignored),
            LossKind.DcTopK => NnUnetLosses.DiceTopK(x, labels, soft, config.TopPercent, pixel, dice, ignored, weights),
            LossKind.DcCe => NnUnetLosses.DiceCe(x, labels, soft, pixel, dice, ignored, weights),
            _ => Losses.CeDice(x, labels, pixel, dice, config.Smooth ?? 1e-5, weights),
        };
    }

    static SoftDiceSettings Soft(LossConfig config) => new()
    {
        IsBatch = config.BatchDice,
        HasBackground = config.Background,
        Smooth = config.Smooth ?? 1e-5,
    };

    /// <summary>[K] in the program, or null where all are equal.</summary>
    static Value? ClassWeights(LossConfig config, Program program) => config.ClassWeights.Count == 0 ? null
        : Concat.Apply([.. config.ClassWeights.Select(w => Fill.Apply(program, new Shape(1), (float)w))]);

    static double[] Weights(LossConfig config, int count, Func<int, double[]> published)
    {
        if (config.OutputWeights.Count == 0)
            return published(count);
        if (config.OutputWeights.Count != count)
            throw new ConfigException($"loss.output_weights: the model has {count} outputs; got "
                + $"{config.OutputWeights.Count} weights.");
        return config.OutputWeights.Any(w => w > 0) ? [.. config.OutputWeights]
            : throw new ConfigException("loss.output_weights: all are 0, so nothing is learned. Give one a weight.");
    }
}
