using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Positions and channels change places: [B, spatial..., C] to [B, C, L], L positions in all.</summary>
/// <exception cref="ShapeException">x has no axis of positions.</exception>
public sealed class Transpose : Op
{
    Transpose(Value x)
    {
        Require(x.Shape.Rank >= 3, "x is [B, spatial..., C]", x.Shape);
        Bind(x.Program, [x], [new Shape(x.Shape.Batch, x.Shape.Width, checked((int)x.Shape.RowsPerSample))]);
    }

    public static Value Apply(Value x) => x.Program.Append(new Transpose(x)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!;
        if (gradients.Needs(x))
            gradients.Add(x, Reshape.Apply(Apply(gradients.OrZero(Outputs[0])), x.Shape));
    }

    public override void Run(Device device, in Frame frame) =>
        device.Transpose(frame[Inputs[0]], Inputs[0]!.Shape.Batch, frame[Outputs[0]]);
}
