namespace Krait.Training.Config;

public enum LossKind
{
    /// <summary>BceDice for one foreground class, CeDice for more; DcCe where pixels are ignored, DcBce for regions.
    /// </summary>
    Auto,
    Bce,
    Dice,
    BceDice,
    CrossEntropy,
    CeDice,

    /// <summary>BceDice of every output at the full size, as EGE-UNet and the published VM-UNet code have it.</summary>
    GtBceDice,

    /// <summary>nnU-Net's: CE plus negative Dice; for one foreground class its sigmoid form,
    /// which is BCE plus Dice.</summary>
    DcCe,

    /// <summary>nnU-Net's for regions: BCE plus negative Dice of the sigmoid.</summary>
    DcBce,

    /// <summary>nnU-Net's: the largest CE terms plus negative Dice.</summary>
    DcTopK,

    /// <summary>nnU-Net's negative Dice alone.</summary>
    SoftDice,
}

/// <summary>The loss, always on logits.</summary>
public sealed record LossConfig
{
    public LossKind Kind { get; init; } = LossKind.Auto;

    /// <summary>Weight of the BCE or CE part.</summary>
    public double PixelWeight { get; init; } = 1;

    /// <summary>Weight of the Dice part.</summary>
    public double DiceWeight { get; init; } = 1;

    /// <summary>Weight of each class in the BCE or CE part, background first; empty: all 1.</summary>
    public IReadOnlyList<double> ClassWeights { get; init; } = [];

    /// <summary>nnU-Net's Dice: sums span the batch.</summary>
    public bool BatchDice { get; init; }

    /// <summary>nnU-Net's Dice: the background has a score like any class.</summary>
    public bool Background { get; init; }

    /// <summary>Dice: added to numerator and denominator; null: as published.</summary>
    public double? Smooth { get; init; }

    /// <summary>Share of the positions that counts in the top-k part, percent.</summary>
    public double TopPercent { get; init; } = 10;

    /// <summary>Weight of each output of deep supervision, finest first; empty: as published.</summary>
    public IReadOnlyList<double> OutputWeights { get; init; } = [];

    private static (string Name, LossKind Kind)[] Kinds { get; } =
    [
        ("auto", LossKind.Auto), ("bce", LossKind.Bce), ("dice", LossKind.Dice), ("bce_dice", LossKind.BceDice),
        ("ce", LossKind.CrossEntropy), ("ce_dice", LossKind.CeDice), ("gt_bce_dice", LossKind.GtBceDice),
        ("dc_ce", LossKind.DcCe), ("dc_bce", LossKind.DcBce), ("dc_topk", LossKind.DcTopK),
        ("soft_dice", LossKind.SoftDice),
    ];

    /// <summary>The word of the configuration for a kind.</summary>
    public static string NameOf(LossKind kind) => Kinds.First(k => k.Kind == kind).Name;

    /// <summary>Keys of the configuration's <c>loss</c> section.</summary>
    public static ConfigSection<LossConfig> Section { get; } = new ConfigSection<LossConfig>()
        .Choice("kind", "loss on logits", c => c.Kind, (c, v) => c with { Kind = v }, Kinds)
        .Real("pixel_weight", "weight of the BCE or CE part", c => c.PixelWeight,
            (c, v) => c with { PixelWeight = v }, 0)
        .Real("dice_weight", "weight of the Dice part", c => c.DiceWeight, (c, v) => c with { DiceWeight = v }, 0)
        .Reals("class_weights", "weight of each class in that part, background first; [] for equal ones",
            c => c.ClassWeights, (c, v) => c with { ClassWeights = v }, 0)
        .Switch("batch_dice", "dc_ce, dc_bce, dc_topk, soft_dice: sums span the batch", c => c.BatchDice,
            (c, v) => c with { BatchDice = v })
        .Switch("background", "dc_ce, dc_topk, soft_dice: the background counts in the Dice part", c => c.Background,
            (c, v) => c with { Background = v })
        .Add("smooth", "added above and below in the Dice part; null as published", (c, n) => c with
        { Smooth = ConfigValue.IsNull(n) ? null : ConfigValue.Real(n, 0, 1e9) },
            c => c.Smooth is { } s ? ConfigValue.Of(s) : ConfigValue.Of((string?)null))
        .Real("top_percent", "dc_topk: share of the positions that counts", c => c.TopPercent,
            (c, v) => c with { TopPercent = v }, 0, 100)
        .Reals("output_weights", "weights of the outputs of deep supervision, finest first; [] as published",
            c => c.OutputWeights, (c, v) => c with { OutputWeights = v }, 0);
}
