using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>What may happen to a training sample. Each number is drawn for each sample of each epoch.</summary>
public sealed record AugmentationOptions
{
    /// <summary>Probability of a left-right flip.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Probability of an up-down flip.</summary>
    public double VerticalFlip { get; init; } = 0.5;

    /// <summary>Volumes: probability of a flip of the slices' order.</summary>
    public double DepthFlip { get; init; } = 0.5;

    /// <summary>Pictures: 0, 90, 180 or 270 degrees, each as likely; 0 or 180 where height and width differ.</summary>
    public bool QuarterTurns { get; init; } = true;

    /// <summary>Probability of a turn by any angle within <see cref="RotateDegrees"/>;
    /// of volumes about each axis.</summary>
    public double RotateProbability { get; init; }

    /// <summary>Largest angle either way, degrees.</summary>
    public double RotateDegrees { get; init; } = 180;

    /// <summary>Volumes: probability of a change of size.</summary>
    public double ScaleProbability { get; init; }

    /// <summary>Volumes: sizes change by a factor of 1 / (1 + s) .. 1 + s.</summary>
    public double ScaleBy { get; init; } = 0.25;

    /// <summary>Largest change of brightness, as a share of the sample's own spread (standard deviation).</summary>
    public double Brightness { get; init; }

    /// <summary>Contrast is multiplied by 1 - c .. 1 + c about the sample's mean.</summary>
    public double Contrast { get; init; }

    /// <summary>No augmentation at all.</summary>
    public static AugmentationOptions None { get; } =
        new() { HorizontalFlip = 0, VerticalFlip = 0, DepthFlip = 0, QuarterTurns = false };

    /// <summary>Keys of the configuration's <c>augmentation</c> section.</summary>
    public static ConfigSection<AugmentationOptions> Section { get; } = new ConfigSection<AugmentationOptions>()
        .Real("hflip", "probability of a left-right flip", c => c.HorizontalFlip,
            (c, v) => c with { HorizontalFlip = v }, 0, 1)
        .Real("vflip", "probability of an up-down flip", c => c.VerticalFlip,
            (c, v) => c with { VerticalFlip = v }, 0, 1)
        .Real("dflip", "volumes: probability of a flip of the slices' order", c => c.DepthFlip,
            (c, v) => c with { DepthFlip = v }, 0, 1)
        .Switch("quarter_turns", "pictures: turn by a random multiple of 90 degrees", c => c.QuarterTurns,
            (c, v) => c with { QuarterTurns = v })
        .Real("rotate", "probability of a turn by any angle", c => c.RotateProbability,
            (c, v) => c with { RotateProbability = v }, 0, 1)
        .Real("rotate_degrees", "largest angle of such a turn", c => c.RotateDegrees,
            (c, v) => c with { RotateDegrees = v }, 0, 180)
        .Real("scale", "volumes: probability of a change of size", c => c.ScaleProbability,
            (c, v) => c with { ScaleProbability = v }, 0, 1)
        .Real("scale_by", "volumes: size changes by a factor of 1 / (1 + s) .. 1 + s", c => c.ScaleBy,
            (c, v) => c with { ScaleBy = v }, 0, 10)
        .Real("brightness", "largest shift, in standard deviations of the sample", c => c.Brightness,
            (c, v) => c with { Brightness = v }, 0, 10)
        .Real("contrast", "contrast factor lies within 1 - c .. 1 + c", c => c.Contrast,
            (c, v) => c with { Contrast = v }, 0, 1);
}
