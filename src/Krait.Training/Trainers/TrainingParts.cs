using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Training;

/// <summary>Builds what a configuration names.</summary>
public static class TrainingParts
{
    /// <summary>The loss of a network's outputs, finest first, and the target at the finest size.</summary>
    /// <param name="config">Kind and weights.</param>
    /// <param name="outputs">Channels of the logits; 1 for two classes.</param>
    /// <exception cref="ConfigException">If the loss does not fit the number of classes or, when it is traced, of
    /// outputs.</exception>
    public static Func<IReadOnlyList<Value>, Value, Value> Loss(LossConfig config, int outputs)
    {
        Check(config, outputs);
        Func<Value, Value, Value> one = OutputLoss(config, outputs == 1);
        return (logits, target) => config.Kind == LossKind.GtBceDice
            ? DeepSupervision.Apply(DeepSupervision.AtSizeOf(target, logits), [.. logits.Select(_ => target)],
                Weights(config, logits.Count, DeepSupervision.FallingWeights), one)
            : DeepSupervision.Apply(logits, DeepSupervision.Targets(target, logits),
                Weights(config, logits.Count, DeepSupervision.HalvingWeights), one);
    }

    /// <summary>The optimizer over a store.</summary>
    public static Optimizer Optimizer(OptimizerConfig c, Device device, ParameterStore store) => c.Kind switch
    {
        OptimizerKind.Sgd => new Sgd(device, store, new SgdSettings(c.Momentum, Nesterov: c.Nesterov,
            WeightDecay: c.WeightDecay)),
        OptimizerKind.RmsProp => new RmsProp(device, store, new RmsPropSettings(c.Alpha, c.Epsilon,
            WeightDecay: c.WeightDecay)),
        OptimizerKind.Adagrad => new Adagrad(device, store, new AdagradSettings(Eps: c.Epsilon,
            WeightDecay: c.WeightDecay)),
        OptimizerKind.Adadelta => new Adadelta(device, store, new AdadeltaSettings(c.Rho, c.Epsilon, c.WeightDecay)),
        OptimizerKind.Adamax => new Adamax(device, store, new AdamaxSettings(c.Beta1, c.Beta2, c.Epsilon,
            c.WeightDecay)),
        _ => new Adam(device, store, new AdamSettings(c.Beta1, c.Beta2, c.Epsilon, c.WeightDecay,
            IsDecoupled: c.Kind == OptimizerKind.AdamW)),
    };

    static void Check(LossConfig config, int outputs)
    {
        bool isBinary = outputs == 1;
        int classes = isBinary ? 2 : outputs;
        if (config.Kind is LossKind.Bce or LossKind.BceDice or LossKind.GtBceDice or LossKind.DcBce && !isBinary)
            throw new ConfigException("loss.kind: bce, bce_dice, gt_bce_dice and dc_bce are for two classes; got "
                + $"{outputs}. Use ce_dice or dc_ce.");
        if (config.Kind is LossKind.CrossEntropy or LossKind.CeDice or LossKind.DcTopK && isBinary)
            throw new ConfigException(
                "loss.kind: ce, ce_dice and dc_topk are for three or more classes. Use bce_dice or dc_ce.");
        if (config.Background && isBinary)
            throw new ConfigException("loss.background: two classes have one output, which the background has no "
                + "score of its own in. Leave it false.");
        if (config.ClassWeights.Count > 0 && config.ClassWeights.Count != classes)
            throw new ConfigException($"loss.class_weights: one a class, background first, so {classes}; got "
                + $"{config.ClassWeights.Count}.");
        if (config.ClassWeights.Count > 0 && config.ClassWeights.All(w => w == 0))
            throw new ConfigException("loss.class_weights: all are 0, so nothing counts. Give one a weight.");
    }

    static Func<Value, Value, Value> OutputLoss(LossConfig config, bool isBinary)
    {
        double pixel = config.PixelWeight, dice = config.DiceWeight;
        var soft = new SoftDiceSettings
        {
            IsBatch = config.BatchDice,
            HasBackground = isBinary || config.Background,
            Smooth = config.Smooth ?? 1e-5,
        };
        return config.Kind switch
        {
            LossKind.Bce or LossKind.CrossEntropy => Pixel(config, isBinary),
            LossKind.Dice => Dice(config, isBinary),
            LossKind.SoftDice => isBinary
                ? (x, t) => NnUnetLosses.SoftDice(Activate.Apply(x, Activation.Sigmoid), t, soft)
                : (x, t) => NnUnetLosses.SoftDice(Softmax.Apply(x), OneHot.Apply(t, x.Shape.Width), soft),
            LossKind.DcTopK => (x, t) => NnUnetLosses.DiceTopK(x, t, soft, config.TopPercent, pixel, dice,
                classWeights: ClassWeights(config, x.Program)),
            LossKind.DcCe or LossKind.DcBce when isBinary => (x, t) => Losses.Weighted(
                (Pixel(config, true)(x, t), pixel),
                (NnUnetLosses.SoftDice(Activate.Apply(x, Activation.Sigmoid), t, soft), dice)),
            LossKind.DcCe => (x, t) => NnUnetLosses.DiceCe(x, t, soft, pixel, dice,
                classWeights: ClassWeights(config, x.Program)),
            _ => (x, t) => Losses.Weighted((Pixel(config, isBinary)(x, t), pixel), (Dice(config, isBinary)(x, t), dice)),
        };
    }

    static Func<Value, Value, Value> Pixel(LossConfig config, bool isBinary)
    {
        if (!isBinary)
            return (x, t) => Losses.CrossEntropy(x, t, ClassWeights(config, x.Program));
        return config.ClassWeights is [var background, var foreground]
            ? (x, t) => Losses.WeightedBce(x, t, background, foreground)
            : Losses.Bce;
    }

    static Func<Value, Value, Value> Dice(LossConfig config, bool isBinary) => isBinary
        ? (x, t) => Losses.Dice(x, t, config.Smooth ?? 1)
        : (x, t) => Losses.MultiClassDice(x, t, config.Smooth ?? 1e-5);

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
