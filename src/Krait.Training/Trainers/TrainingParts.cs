using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Training;

/// <summary>Builds what a configuration names.</summary>
public static class TrainingParts
{
    /// <summary>The loss of logits and target.</summary>
    /// <param name="config">Kind and weights.</param>
    /// <param name="outputs">Channels of the logits; 1 for two classes.</param>
    /// <exception cref="ConfigException">If the loss does not fit the number of classes.</exception>
    public static Func<Value, Value, Value> Loss(LossConfig config, int outputs)
    {
        bool binary = outputs == 1;
        double pixel = config.PixelWeight, dice = config.DiceWeight;
        if (config.Kind is LossKind.Bce or LossKind.BceDice && !binary)
            throw new ConfigException($"loss.kind: bce and bce_dice are for two classes; got {outputs}. Use ce_dice.");
        if (config.Kind is LossKind.CrossEntropy or LossKind.CeDice && binary)
            throw new ConfigException("loss.kind: ce and ce_dice are for three or more classes. Use bce_dice.");
        return config.Kind switch
        {
            LossKind.Bce => Losses.Bce,
            LossKind.CrossEntropy => (logits, target) => Losses.CrossEntropy(logits, target),
            LossKind.Dice => binary ? (logits, target) => Losses.Dice(logits, target)
                : (logits, target) => Losses.MultiClassDice(logits, target),
            _ => binary ? (logits, target) => Losses.BceDice(logits, target, pixel, dice)
                : (logits, target) => Losses.CeDice(logits, target, pixel, dice),
        };
    }

    /// <summary>The optimizer over a store.</summary>
    public static Optimizer Optimizer(OptimizerConfig config, Device device, ParameterStore store) => config.Kind switch
    {
        OptimizerKind.Sgd => new Sgd(device, store, new SgdSettings(config.Momentum, Nesterov: config.Nesterov,
            WeightDecay: config.WeightDecay)),
        var kind => new Adam(device, store, new AdamSettings(config.Beta1, config.Beta2, config.Epsilon,
            config.WeightDecay, IsDecoupled: kind == OptimizerKind.AdamW)),
    };

    /// <summary>Flat arenas that the optimizer keeps, for memory forecasts.</summary>
    public static int SlotsOf(OptimizerConfig config) =>
        config.Kind == OptimizerKind.Sgd ? config.Momentum == 0 ? 0 : 1 : 2;
}
