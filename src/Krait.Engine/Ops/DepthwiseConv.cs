using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Convolution of each channel on its own: y[o, c] = f(bias[c] + sum_t x[o - pad + t, c] w[t, c]).</summary>
/// <exception cref="ShapeException">The weight is not [taps..., C] with a taps axis for each of x's.</exception>
/// <remarks>The gradient makes the input of f again: that is cheaper than keeping it.</remarks>
public sealed class DepthwiseConv : Op
{
    readonly DepthwiseShape _shape;
    readonly Activation _activation;
    readonly bool _isReversed;

    DepthwiseConv(
        Value x, Value weight, Value? bias, DepthwiseShape shape, bool isReversed, Activation activation)
    {
        (_shape, _activation, _isReversed) = (shape, activation, isReversed);
        Require(bias is null || bias.Shape == new Shape(shape.Channels), "bias is [C]", bias?.Shape, x.Shape);
        Bind(x.Program, [x, weight, bias], [x.Shape.WithSpatial(shape.Output.D, shape.Output.H, shape.Output.W)]);
    }

    /// <summary>With stride 1, padding on both sides as settings say, one group a channel.</summary>
    public static Value Apply(
        Value x, Value weight, Value? bias, ConvSettings settings, Activation activation = Activation.None)
    {
        ConvSettings s = settings.ForRank(x.Shape.Rank);
        ShapeException.Require(s.Stride.Count == 1, "depthwise_conv",
            "stride is 1; use Conv with as many groups as channels for others", s.Stride);
        return Apply(x, weight, bias, s.Pad, s.Pad, activation);
    }

    /// <summary>With zeros around such that y has x's pixels; for an even kernel one more before than behind.</summary>
    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="weight">[taps..., C].</param>
    /// <param name="bias">[C] or null.</param>
    /// <param name="activation">f.</param>
    public static Value Apply(Value x, Value weight, Value? bias, Activation activation = Activation.None)
    {
        Extent3 k = KernelOf(x, weight);
        return Apply(x, weight, bias, new Extent3(k.D / 2, k.H / 2, k.W / 2),
            new Extent3((k.D - 1) / 2, (k.H - 1) / 2, (k.W - 1) / 2), activation);
    }

    /// <summary>A causal convolution: y[o] sees x up to o along every axis.</summary>
    /// <remarks>Counted as published: with zeros on both sides, what lies behind the last pixel thrown away.</remarks>
    public static Value Causal(Value x, Value weight, Value? bias, Activation activation = Activation.None)
    {
        Extent3 k = KernelOf(x, weight);
        return Apply(x, weight, bias, new Extent3(k.D - 1, k.H - 1, k.W - 1), default, activation);
    }

    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="weight">[taps..., C].</param>
    /// <param name="bias">[C] or null.</param>
    /// <param name="before">Zeros before each axis; axes that x lacks are ignored.</param>
    /// <param name="behind">Zeros behind each axis.</param>
    /// <param name="activation">f.</param>
    /// <returns>[B, spatial..., C] with extent + before + behind - kernel + 1 pixels along each axis.</returns>
    public static Value Apply(
        Value x, Value weight, Value? bias, Extent3 before, Extent3 behind, Activation activation = Activation.None)
    {
        Extent3 k = KernelOf(x, weight);
        (int d, int h, int w) = x.Shape.Spatial;
        int rank = x.Shape.Rank;
        var pad = new Extent3(rank >= 5 ? before.D : 0, rank >= 4 ? before.H : 0, before.W);
        var output = new Extent3(
            rank >= 5 ? d + pad.D + behind.D - k.D + 1 : 1, rank >= 4 ? h + pad.H + behind.H - k.H + 1 : 1,
            w + pad.W + behind.W - k.W + 1);
        ShapeException.Require(
            output is { D: > 0, H: > 0, W: > 0 }, "depthwise_conv", "the padded input holds the kernel", x, weight);
        var shape = new DepthwiseShape(x.Shape.Batch, new Extent3(d, h, w), output, k, pad, x.Shape.Width);
        return x.Program.Append(new DepthwiseConv(x, weight, bias, shape, false, activation)).Outputs[0];
    }

    static Extent3 KernelOf(Value x, Value weight)
    {
        Shape w = weight.Shape;
        ShapeException.Require(
            x.Shape.Rank is >= 3 and <= 5 && w.Width == x.Shape.Width
            && (w.Rank == x.Shape.Rank - 1 || (w.Rank == x.Shape.Rank && w[^2] == 1)), "depthwise_conv",
            "weight is [taps..., C] or [taps..., 1, C] with a taps axis for each spatial axis of x [B, spatial..., C]",
            x.Shape, w);
        return x.Shape.Rank switch
        {
            5 => new(w[0], w[1], w[2]),
            4 => new(1, w[0], w[1]),
            _ => new(1, 1, w[0]),
        };
    }

    internal DepthwiseShape Geometry => _shape;

    /// <summary>Along one axis: four taps in the published networks.</summary>
    public override bool IsCheap => _shape.Taps <= 4;

    internal Activation Activation => _activation;

    public override Cost Cost => new(
        CostKind.Conv, _shape.CountedPixels * _shape.Channels * _shape.Taps,
        Activate.ExpsOf(_activation, Outputs[0].Shape.Count),
        Cost.BytesOf(this));

    public override void Differentiate(Gradients gradients)
    {
        (Value x, Value weight, Value? bias) = (Inputs[0]!, Inputs[1]!, Inputs[2]);
        Value dy = gradients.OrZero(Outputs[0]);
        if (_activation != Activation.None)
        {
            Value z = x.Program.Append(
                new DepthwiseConv(x, weight, bias, _shape, _isReversed, Activation.None)).Outputs[0];
            dy = x.Program.Append(new ActivateBackward(z, dy, null, _activation, Activate.DefaultSlope)).Outputs[0];
        }
        if (gradients.Needs(x))
            gradients.Add(x, x.Program.Append(
                new DepthwiseConv(dy, weight, null, _shape.Adjoint, true, Activation.None)).Outputs[0]);
        if (gradients.Needs(weight))
            gradients.Add(weight, DepthwiseConvGradient.Apply(x, dy, weight.Shape, _shape));
        if (gradients.Needs(bias))
            gradients.Add(bias, ColumnSum.Apply(dy));
    }

    /// <summary>Of a causal convolution along one axis.</summary>
    public override int? RowsBefore =>
        _shape is { Kernel: { D: 1, H: 1 }, Input: { D: 1, H: 1 } } s && s.Pad.W == s.Kernel.W - 1
        && s.Output.W == s.Input.W
            ? s.Pad.W
            : null;

    public override void RunSlab(Device device, in Frame frame, Slab slab)
    {
        // Beyond the first slab, rows before stand in the place of the padding.
        int before = slab.Start > 0 ? _shape.Pad.W : 0;
        Rows x = frame[Inputs[0]];
        DepthwiseShape shape = _shape with
        {
            Batch = 1,
            Input = new Extent3(1, 1, before + slab.Count),
            Output = new Extent3(1, 1, slab.Count),
            Pad = new Extent3(0, 0, _shape.Pad.W - before),
        };
        device.DepthwiseConv(shape, x.Slice(-before, before + slab.Count), frame[Inputs[1]], frame[Inputs[2]],
            _isReversed, _activation, frame[Outputs[0]]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.DepthwiseConv(
            _shape, frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[2]], _isReversed, _activation, frame[Outputs[0]]);
}

/// <summary>dw[t, c] = sum over pixels of dy[o, c] x[o - pad + t, c].</summary>
sealed class DepthwiseConvGradient : Op
{
    readonly DepthwiseShape _shape;

    DepthwiseConvGradient(Value x, Value dy, Shape weight, DepthwiseShape shape)
    {
        _shape = shape;
        Bind(x.Program, [x, dy], [weight, new Shape(Device.DepthwiseParts(shape), checked((int)weight.Count))]);
    }

    public static Value Apply(Value x, Value dy, Shape weight, DepthwiseShape shape) =>
        x.Program.Append(new DepthwiseConvGradient(x, dy, weight, shape)).Outputs[0];

    public override Cost Cost =>
        new(CostKind.Conv, Inputs[1]!.Shape.Count * _shape.Taps, 0, Cost.BytesOf(this));

    public override bool AllowsStride(int output) => false;

    public override void Run(Device device, in Frame frame) =>
        device.DepthwiseConvGradient(
            _shape, frame[Inputs[0]], frame[Inputs[1]], frame[Outputs[1]], frame[Outputs[0]]);
}
