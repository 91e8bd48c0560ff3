namespace Krait.Engine.Kernels;

/// <summary>
/// One axis of a correlation: output i of <see cref="Count"/> lies at OutputFirst + i OutputStep and reads tap j of
/// <see cref="Taps"/> at input Start + i Step + j with the weight's tap FirstTap + j TapStep.
/// </summary>
internal readonly record struct ConvAxis(
    int Count, int OutputFirst, int OutputStep, int Start, int Step, int Taps, int FirstTap, int TapStep, int Extent)
{
    /// <summary>A direct convolution along one axis.</summary>
    public static ConvAxis Direct(int input, int output, int kernel, int stride, int pad) =>
        new(output, 0, 1, -pad, stride, kernel, 0, 1, input);

    /// <summary>
    /// The outputs o of a transposed convolution with (o + pad) mod stride = phase: they meet every stride-th tap, the
    /// last tap first, on consecutive inputs.
    /// </summary>
    public static ConvAxis Transposed(int input, int output, int kernel, int stride, int pad, int phase)
    {
        int taps = kernel > phase ? (kernel - phase + stride - 1) / stride : 0;
        // o = stride q + phase - pad from the first q with o >= 0.
        int q = pad > phase ? (pad - phase + stride - 1) / stride : 0;
        int first = stride * q + phase - pad;
        int count = first < output ? (output - first + stride - 1) / stride : 0;
        return new(count, first, stride, q - taps + 1, 1, taps, phase + stride * (taps - 1), -stride, input);
    }

    /// <summary>Inputs that outputs [0, count) read.</summary>
    public int Span(int count) => Taps == 0 ? 0 : (count - 1) * Step + Taps;

    /// <summary>True when no output reads beside the input.</summary>
    public bool IsInside => Start >= 0 && Start + Span(Count) <= Extent;
}

/// <summary>The three axes of a direct convolution, or of one phase of a transposed one.</summary>
internal readonly record struct ConvPhase(ConvAxis Z, ConvAxis Y, ConvAxis X, long TapsBefore)
{
    public int Taps => Z.Taps * Y.Taps * X.Taps;

    /// <summary>Phases: 1 where direct, else the product of the strides.</summary>
    public static int Count(ConvShape s) => s.IsTransposed ? checked((int)s.Stride.Count) : 1;

    public static ConvPhase Of(ConvShape s, int phase)
    {
        if (!s.IsTransposed)
            return new(Direct(s, 0), Direct(s, 1), Direct(s, 2), 0);
        long before = 0;
        for (int i = 0; i < phase; i++)
            before += Transposed(s, i, 0).Taps;
        return Transposed(s, phase, before);
    }

    /// <summary>The correlation that a weight's gradient sums over; its outputs are the pixels with a stride.</summary>
    public static ConvPhase OfGradient(ConvShape s) => Of(s.IsTransposed ? s.Adjoint : s, 0);

    static ConvAxis Direct(ConvShape s, int axis) =>
        ConvAxis.Direct(s.Input[axis], s.Output[axis], s.Kernel[axis], s.Stride[axis], s.Pad[axis]);

    static ConvPhase Transposed(ConvShape s, int phase, long before)
    {
        int x = phase % s.Stride.W, y = phase / s.Stride.W % s.Stride.H, z = phase / s.Stride.W / s.Stride.H;
        return new(Axis(s, 0, z), Axis(s, 1, y), Axis(s, 2, x), before);
    }

    static ConvAxis Axis(ConvShape s, int axis, int phase) => ConvAxis.Transposed(
        s.Input[axis], s.Output[axis], s.Kernel[axis], s.Stride[axis], s.Pad[axis], phase);
}
