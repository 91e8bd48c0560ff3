namespace Krait.Training.Config;

public enum LossKind
{
    /// <summary>BceDice for one foreground class, CeDice for more.</summary>
    Auto,
    Bce,
    Dice,
    BceDice,
    CrossEntropy,
    CeDice,
}

/// <summary>The loss, always on logits.</summary>
public sealed record LossConfig
{
    public LossKind Kind { get; init; } = LossKind.Auto;

    /// <summary>Weight of the BCE or CE part.</summary>
    public double PixelWeight { get; init; } = 1;

    /// <summary>Weight of the Dice part.</summary>
    public double DiceWeight { get; init; } = 1;

    /// <summary>Keys of the configuration's <c>loss</c> section.</summary>
    public static ConfigSection<LossConfig> Section { get; } = new ConfigSection<LossConfig>()
        .Choice("kind", "loss on logits", c => c.Kind, (c, v) => c with { Kind = v }, ("auto", LossKind.Auto),
            ("bce", LossKind.Bce), ("dice", LossKind.Dice), ("bce_dice", LossKind.BceDice),
            ("ce", LossKind.CrossEntropy), ("ce_dice", LossKind.CeDice))
        .Real("pixel_weight", "weight of the BCE or CE part", c => c.PixelWeight, (c, v) => c with { PixelWeight = v }, 0)
        .Real("dice_weight", "weight of the Dice part", c => c.DiceWeight, (c, v) => c with { DiceWeight = v }, 0);
}
