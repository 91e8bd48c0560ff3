namespace Krait.Engine.Ops;

/// <summary>Chooses how a convolution's sum is taken: by its shape, or as KRAIT_CONV says.</summary>
public static class ConvAlgorithms
{
    /// <summary>The environment variable that forces one where it applies: direct, winograd2 or winograd4.</summary>
    public const string Variable = "KRAIT_CONV";

    const int FewestChannels = 16, FewestTiles = 64, FewestTrainingTiles = 1024;

    /// <summary>Reads <see cref="Variable"/>; null where it is unset.</summary>
    /// <exception cref="ArgumentException">The variable names no algorithm.</exception>
    public static ConvAlgorithm? Parse(string? name) => name?.Trim().ToLowerInvariant() switch
    {
        null or "" => null,
        "direct" => ConvAlgorithm.Direct,
        "winograd2" => ConvAlgorithm.Winograd2,
        "winograd4" => ConvAlgorithm.Winograd4,
        _ => throw new ArgumentException(
            $"{Variable}: must be direct, winograd2 or winograd4; got '{name}'. Unset it to choose by shape."),
    };

    /// <summary>
    /// What is forced where it applies, else what the shape suggests. Training takes F(4x4) only when the op asks for
    /// it: it loses about one bit more than a direct sum, and where a ReLU's input is near 0 its gradient then jumps.
    /// </summary>
    internal static ConvAlgorithm Choose(ConvShape shape, bool isTraining, ConvAlgorithm? asked) =>
        Choose(shape, isTraining, asked, Parse(Environment.GetEnvironmentVariable(Variable)));

    internal static ConvAlgorithm Choose(
        ConvShape shape, bool isTraining, ConvAlgorithm? asked, ConvAlgorithm? forced)
    {
        if (!shape.HasWinograd)
            return ConvAlgorithm.Direct;
        if (asked is { } algorithm)
            return algorithm;
        if (!isTraining)
            return forced ?? BySize(shape);
        return forced is ConvAlgorithm.Winograd4 ? ConvAlgorithm.Winograd2 : forced ?? BySizeInTraining(shape);
    }

    /// <summary>As many tiles as repay transforming the weights, and those of the gradient, in every step.</summary>
    static ConvAlgorithm BySizeInTraining(ConvShape shape) =>
        HasChannels(shape) && Tiles(shape, 2) >= FewestTrainingTiles ? ConvAlgorithm.Winograd2 : ConvAlgorithm.Direct;

    /// <summary>Directly with few channels, and with few tiles, which do not repay reading larger weights.</summary>
    static ConvAlgorithm BySize(ConvShape shape)
    {
        if (!HasChannels(shape))
            return ConvAlgorithm.Direct;
        return Tiles(shape, 4) >= FewestTiles ? ConvAlgorithm.Winograd4
            : Tiles(shape, 2) >= FewestTiles ? ConvAlgorithm.Winograd2
            : ConvAlgorithm.Direct;
    }

    static bool HasChannels(ConvShape s) => Math.Min(s.InputChannels, s.OutputChannels) >= FewestChannels;

    static long Tiles(ConvShape s, int side) =>
        (long)s.Batch * s.Output.D * ((s.Output.H + side - 1) / side) * ((s.Output.W + side - 1) / side);
}
