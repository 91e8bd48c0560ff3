namespace Krait.Engine;

/// <summary>A depthwise convolution with stride 1: extents, taps and the padding before each axis.</summary>
/// <param name="Batch">Samples.</param>
/// <param name="Input">Pixels of x.</param>
/// <param name="Output">Pixels of y; what this leaves beyond the input is padding behind.</param>
/// <param name="Kernel">Taps along each axis.</param>
/// <param name="Pad">Zeros before each axis.</param>
/// <param name="Channels">Channels of x and y.</param>
public readonly record struct DepthwiseShape(
    int Batch, Extent3 Input, Extent3 Output, Extent3 Kernel, Extent3 Pad, int Channels)
{
    public int Taps => checked((int)Kernel.Count);

    /// <summary>From y's pixels to x's, with the taps in reverse.</summary>
    public DepthwiseShape Adjoint => this with
    {
        Input = Output,
        Output = Input,
        Pad = new(Kernel.D - 1 - Pad.D, Kernel.H - 1 - Pad.H, Kernel.W - 1 - Pad.W),
    };
}
