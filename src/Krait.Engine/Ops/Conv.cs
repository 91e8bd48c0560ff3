using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Convolution in 1 to 3 dimensions, channels last: y[o] = sum_t x[o stride - pad + t] w[t] + bias.</summary>
/// <exception cref="ShapeException">x is not [B, spatial..., I] or the weight not [taps..., I / groups, O].</exception>
public sealed class Conv : Op
{
    readonly ConvShape _shape;

    internal Conv(Value x, Value packed, Value? weight, Value? bias, ConvShape shape)
    {
        _shape = shape;
        Extent3 y = shape.Output;
        Require(bias is null || bias.Shape == new Shape(shape.OutputChannels), "bias is [O]", bias?.Shape);
        Bind(x.Program, [x, packed, weight, bias],
            [x.Shape.WithSpatial(y.D, y.H, y.W).WithWidth(shape.OutputChannels)]);
    }

    /// <param name="x">[B, W, I], [B, H, W, I] or [B, D, H, W, I].</param>
    /// <param name="weight">[taps..., I / groups, O] with as many taps axes as x has spatial ones.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="settings">Stride, padding, groups.</param>
    /// <param name="algorithm">How the sum is taken where that applies; null: by the shape.</param>
    /// <returns>[B, spatial..., O] with floor((extent + 2 pad - kernel) / stride) + 1 pixels along each axis.</returns>
    public static Value Apply(
        Value x, Value weight, Value? bias, ConvSettings settings, ConvAlgorithm? algorithm = null) =>
        Append(x, weight, bias, ConvShapes.Direct(x.Shape, weight.Shape, settings.ForRank(x.Shape.Rank)), algorithm);

    internal static Value Append(Value x, Value weight, Value? bias, ConvShape shape, ConvAlgorithm? algorithm)
    {
        shape = shape with { Algorithm = ConvAlgorithms.Choose(shape, x.Program.IsTraining, algorithm) };
        return x.Program.Append(new Conv(x, PackConv.Apply(weight, shape), weight, bias, shape)).Outputs[0];
    }

    internal ConvShape Geometry => _shape;

    public override string Name => _shape.HasTransposedWeight ? nameof(ConvTranspose) : nameof(Conv);

    public override Cost Cost => new(CostKind.Conv, _shape.Macs, 0, Cost.BytesOf(this));

    /// <summary>Of the weight only what is packed is read.</summary>
    public override bool Reads(int input) => input != 2;

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!;
        Value weight = Inputs[2] ?? throw new NotSupportedException($"{Path} {Name}: a gradient has none of its own.");
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(x))
            gradients.Add(x, x.Program.Append(
                new Conv(dy, PackConv.Apply(weight, _shape.Adjoint), null, null, _shape.Adjoint)).Outputs[0]);
        if (gradients.Needs(weight))
            gradients.Add(weight, ConvGradient.Apply(x, dy, weight.Shape, _shape));
        if (gradients.Needs(Inputs[3]))
            gradients.Add(Inputs[3], ColumnSum.Apply(dy));
    }

    public override void Run(Device device, in Frame frame) =>
        device.Conv(_shape, frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[3]], frame[Outputs[0]]);
}

/// <summary>
/// A transposed convolution: y[o] = sum over i, t with i stride - pad + t = o of x[i] w[t], + bias; the adjoint of a
/// convolution with the same settings.
/// </summary>
/// <exception cref="ShapeException">x is not [B, spatial..., I] or the weight not [taps..., I, O / groups].</exception>
public static class ConvTranspose
{
    /// <param name="x">[B, W, I], [B, H, W, I] or [B, D, H, W, I].</param>
    /// <param name="weight">[taps..., I, O / groups].</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="settings">Stride, padding, output padding, groups.</param>
    /// <param name="algorithm">How the sum is taken where that applies; null: by the shape.</param>
    /// <returns>[B, spatial..., O] with (extent - 1) stride - 2 pad + kernel + outputPad pixels an axis.</returns>
    public static Value Apply(
        Value x, Value weight, Value? bias, ConvSettings settings, ConvAlgorithm? algorithm = null) => Conv.Append(
            x, weight, bias, ConvShapes.Transposed(x.Shape, weight.Shape, settings.ForRank(x.Shape.Rank)), algorithm);
}
