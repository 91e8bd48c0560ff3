namespace Krait.Engine;

/// <summary>Three extents along depth, height and width; a picture has depth 1, a sequence also height 1.</summary>
public readonly record struct Extent3(int D, int H, int W)
{
    public long Count => (long)D * H * W;

    public int this[int axis] => axis switch { 0 => D, 1 => H, _ => W };

    public override string ToString() => $"{D} x {H} x {W}";
}

/// <summary>
/// A convolution, direct or transposed, channels last. Direct: y[o] = sum_t x[o stride - pad + t] w[t]. Transposed:
/// y[o] = sum over i, t with i stride - pad + t = o of x[i] w[t], the adjoint of the direct one.
/// </summary>
/// <param name="Batch">Samples.</param>
/// <param name="Input">Pixels of x along each axis.</param>
/// <param name="Output">Pixels of y along each axis.</param>
/// <param name="Kernel">Taps along each axis.</param>
/// <param name="Stride">Step along each axis, of x where direct, of y where transposed.</param>
/// <param name="Pad">Padding before the first pixel; what lies behind the last follows from the extents.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
/// <param name="InputChannels">Channels of x, of all groups.</param>
/// <param name="OutputChannels">Channels of y, of all groups.</param>
/// <param name="IsTransposed">Which of the two sums.</param>
/// <param name="HasTransposedWeight">
/// The weight's layout: [taps, I, O / groups] of a transposed convolution, else [taps, I / groups, O], both as the
/// forward direction sees I and O.
/// </param>
public sealed record ConvShape(
    int Batch, Extent3 Input, Extent3 Output, Extent3 Kernel, Extent3 Stride, Extent3 Pad, int Groups,
    int InputChannels, int OutputChannels, bool IsTransposed, bool HasTransposedWeight)
{
    public int GroupInputs => InputChannels / Groups;
    public int GroupOutputs => OutputChannels / Groups;
    public long Taps => Kernel.Count;

    /// <summary>How the sum is taken; the gradient with respect to x takes the same way.</summary>
    public ConvAlgorithm Algorithm { get; init; }

    /// <summary>Whether Winograd's algorithm can take this sum: 3x3 taps in a plane, stride 1, one group.</summary>
    public bool HasWinograd =>
        Kernel == new Extent3(1, 3, 3) && Stride == new Extent3(1, 1, 1) && Pad.D == 0 && Groups == 1;

    /// <summary>The gradient with respect to x: the other sum, from y's pixels to x's.</summary>
    public ConvShape Adjoint => this with
    {
        Input = Output,
        Output = Input,
        InputChannels = OutputChannels,
        OutputChannels = InputChannels,
        IsTransposed = !IsTransposed,
    };

    /// <summary>Multiply-adds: each pixel on the strided side meets every tap.</summary>
    public long Macs => Batch * Taps * (IsTransposed
        ? Input.Count * InputChannels * GroupOutputs
        : Output.Count * OutputChannels * GroupInputs);

    /// <summary>Channels in the weight's last but one and last axis.</summary>
    internal (int Rows, int Columns) WeightAxes
    {
        get
        {
            // As the forward direction saw them.
            bool swapped = IsTransposed != HasTransposedWeight;
            (int inputs, int outputs) = swapped ? (OutputChannels, InputChannels) : (InputChannels, OutputChannels);
            return HasTransposedWeight ? (inputs, outputs / Groups) : (inputs / Groups, outputs);
        }
    }
}
