using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Training;

/// <summary>Builds what a configuration names.</summary>
public static class TrainingParts
{
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
}
