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

    /// <summary>Pixels of all samples by the published rule: a causal axis also counts the zeros behind it.</summary>
    public long CountedPixels => (long)Batch * Counted(0) * Counted(1) * Counted(2);

    int Counted(int axis) =>
        Output[axis] + (Output[axis] == Input[axis] && Pad[axis] == Kernel[axis] - 1 ? Pad[axis] : 0);

    /// <summary>From y's pixels to x's, with the taps in reverse.</summary>
    public DepthwiseShape Adjoint => this with
    {
        Input = Output,
        Output = Input,
        Pad = new(Kernel.D - 1 - Pad.D, Kernel.H - 1 - Pad.H, Kernel.W - 1 - Pad.W),
    };
}
