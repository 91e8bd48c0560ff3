using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>The gradient of a convolution's weight: dw[t, i, o] = sum over pixels of what tap t saw times dy.</summary>
sealed class ConvGradient : Op
{
    readonly ConvShape _shape;

    ConvGradient(Value x, Value dy, Shape weight, ConvShape shape)
    {
        _shape = shape;
        int parts = Device.ConvGradientParts(shape);
        Shape[] outputs = parts == 1 ? [weight] : [weight, new Shape(parts, checked((int)weight.Count))];
        Bind(x.Program, [x, dy], outputs);
    }

    public static Value Apply(Value x, Value dy, Shape weight, ConvShape shape) =>
        x.Program.Append(new ConvGradient(x, dy, weight, shape)).Outputs[0];

    public override Cost Cost => new(CostKind.Conv, _shape.Macs, 0, Cost.BytesOf(this));

    public override bool AllowsStride(int output) => false;

    public override void Run(Device device, in Frame frame) =>
        device.ConvGradient(
            _shape, frame[Inputs[0]], frame[Inputs[1]], Outputs.Count > 1 ? frame[Outputs[1]] : default,
            frame[Outputs[0]]);
}

/// <summary>A convolution's weight in the order in which the device reads it; done once in prediction.</summary>
sealed class PackConv : Op
{
    readonly ConvShape _shape;

    PackConv(Value weight, ConvShape shape)
    {
        _shape = shape;
        int columns = (shape.GroupOutputs + Device.PanelColumns - 1) / Device.PanelColumns * Device.PanelColumns;
        long taps = shape.Algorithm switch
        {
            ConvAlgorithm.Winograd2 => 16,
            ConvAlgorithm.Winograd4 => 36,
            _ => shape.Taps,
        };
        Bind(weight.Program, [weight],
            [new Shape(shape.Groups * columns, checked((int)(taps * shape.GroupInputs)))]);
    }

    public static Value Apply(Value weight, ConvShape shape) =>
        weight.Program.Append(new PackConv(weight, shape)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override bool AllowsStride(int output) => false;

    public override void Run(Device device, in Frame frame) =>
        device.PackConv(_shape, frame[Inputs[0]], frame[Outputs[0]]);
}
