namespace Krait.Engine;

/// <summary>How a convolution's sum is taken.</summary>
public enum ConvAlgorithm
{
    /// <summary>Tap by tap, as it is written.</summary>
    Direct,

    /// <summary>Winograd's F(2x2, 3x3): 16 products for 4 outputs in place of 36.</summary>
    Winograd2,

    /// <summary>Winograd's F(4x4, 3x3): 36 products for 16 outputs in place of 144.</summary>
    Winograd4,
}
