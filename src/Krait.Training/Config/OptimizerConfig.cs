namespace Krait.Training.Config;

public enum OptimizerKind
{
    AdamW,
    Adam,
    Sgd,
    RmsProp,
    Adagrad,
    Adadelta,
    Adamax,
}

/// <summary>The optimizer and its numbers.</summary>
public sealed record OptimizerConfig
{
    public OptimizerKind Kind { get; init; } = OptimizerKind.AdamW;
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled for AdamW, added to the gradient for all others.</summary>
    public double WeightDecay { get; init; } = 1e-2;

    public double Beta1 { get; init; } = 0.9;
    public double Beta2 { get; init; } = 0.999;
    public double Epsilon { get; init; } = 1e-8;
    public double Momentum { get; init; } = 0.9;
    public bool Nesterov { get; init; }

    /// <summary>RMSprop: memory of the squared gradient.</summary>
    public double Alpha { get; init; } = 0.99;

    /// <summary>Adadelta: memory of the squares.</summary>
    public double Rho { get; init; } = 0.9;

    /// <summary>Largest norm of the whole gradient; 0 does not clip.</summary>
    public double ClipNorm { get; init; }

    /// <summary>Keys of the configuration's <c>optimizer</c> section.</summary>
    public static ConfigSection<OptimizerConfig> Section { get; } = new ConfigSection<OptimizerConfig>()
        .Choice("kind", "optimizer", c => c.Kind, (c, v) => c with { Kind = v }, ("adamw", OptimizerKind.AdamW),
            ("adam", OptimizerKind.Adam), ("sgd", OptimizerKind.Sgd), ("rmsprop", OptimizerKind.RmsProp),
            ("adagrad", OptimizerKind.Adagrad), ("adadelta", OptimizerKind.Adadelta), ("adamax", OptimizerKind.Adamax))
        .Real("lr", "learning rate before the schedule", c => c.LearningRate,
            (c, v) => c with { LearningRate = v }, 0, 1e3)
        .Real("weight_decay", "decay", c => c.WeightDecay, (c, v) => c with { WeightDecay = v }, 0, 1e3)
        .Real("beta1", "Adam, Adamax: memory of the gradient", c => c.Beta1, (c, v) => c with { Beta1 = v }, 0,
            0.999999)
        .Real("beta2", "Adam, Adamax: memory of its square", c => c.Beta2, (c, v) => c with { Beta2 = v }, 0, 0.9999999)
        .Real("eps", "all but SGD: added to the root", c => c.Epsilon, (c, v) => c with { Epsilon = v }, 0, 1)
        .Real("momentum", "SGD: momentum", c => c.Momentum, (c, v) => c with { Momentum = v }, 0, 0.999999)
        .Switch("nesterov", "SGD: look ahead", c => c.Nesterov, (c, v) => c with { Nesterov = v })
        .Real("alpha", "RMSprop: memory of the squared gradient", c => c.Alpha, (c, v) => c with { Alpha = v }, 0,
            0.9999999)
        .Real("rho", "Adadelta: memory of the squares", c => c.Rho, (c, v) => c with { Rho = v }, 0, 0.9999999)
        .Real("clip_norm", "largest norm of the gradient, 0 for none", c => c.ClipNorm,
            (c, v) => c with { ClipNorm = v }, 0);
}
