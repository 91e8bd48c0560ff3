using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = a + b, element by element.</summary>
/// <exception cref="ShapeException">The shapes differ.</exception>
public sealed class Add : Op
{
    Add(Value a, Value b)
    {
        Require(a.Shape == b.Shape, "both shapes are equal", a.Shape, b.Shape);
        Bind(a.Program, [a, b], [a.Shape]);
    }

    public static Value Apply(Value a, Value b) => a.Program.Append(new Add(a, b)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override bool CanOverwrite(int output, int input) => true;

    public override int? RowsBefore => 0;

    internal override Op Absorb(Fusion fusion) =>
        fusion.LastMaker(Inputs[0]) is MatMul { TakesAddend: true } a ? a.Plus(Inputs[1]!, null, Outputs)
        : fusion.LastMaker(Inputs[1]) is MatMul { TakesAddend: true } b ? b.Plus(Inputs[0]!, null, Outputs)
        : this;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        gradients.Add(Inputs[0], dy);
        gradients.Add(Inputs[1], dy);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Add(frame[Inputs[0]], frame[Inputs[1]], frame[Outputs[0]]);
}
