using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>dW[O, I] = sum over rows of dy[m, o] x[m, i].</summary>
public sealed class MatMulGradient : Op
{
    readonly CostKind _kind;

    MatMulGradient(Value dy, Value x, Shape weight, CostKind kind)
    {
        _kind = kind;
        int slabs = Device.MatMulSlabs(x.Shape.Rows, dy.Shape.Width, x.Shape.Width);
        Shape[] outputs = slabs == 1 ? [weight] : [weight, new Shape(slabs, checked((int)weight.Count))];
        Bind(x.Program, [dy, x], outputs);
    }

    /// <returns>The gradient in the weight's shape.</returns>
    public static Value Apply(Value dy, Value x, Shape weight, CostKind kind) =>
        x.Program.Append(new MatMulGradient(dy, x, weight, kind)).Outputs[0];

    public override Cost Cost =>
        new(_kind, Inputs[0]!.Shape.Count * Inputs[1]!.Shape.Width, 0, Cost.BytesOf(this));

    public override bool AllowsStride(int output) => output == 0;

    public override void Run(Device device, in Frame frame) =>
        device.MatMulTransposed(
            frame[Inputs[0]], frame[Inputs[1]], Outputs.Count > 1 ? frame[Outputs[1]] : default, frame[Outputs[0]]);
}

/// <summary>y[N] = sum over all rows of x[..., N]: the gradient of a bias.</summary>
public sealed class ColumnSum : Op
{
    ColumnSum(Value x)
    {
        int width = x.Shape.Width;
        Bind(x.Program, [x], [new Shape(width), new Shape(Device.ColumnSumChunks(x.Shape.Rows, width), width)]);
    }

    public static Value Apply(Value x) => x.Program.Append(new ColumnSum(x)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override bool AllowsStride(int output) => false;

    public override void Run(Device device, in Frame frame) =>
        device.ColumnSum(frame[Inputs[0]], frame[Outputs[1]], frame[Outputs[0]]);
}
