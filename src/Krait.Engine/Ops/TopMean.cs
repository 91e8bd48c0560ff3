using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Mean of the n largest numbers; the gradient goes to these, the first ones among equals. [1].</summary>
/// <exception cref="ShapeException">x has more than one channel, or n is not 1 to the number of positions.</exception>
public sealed class TopMean : Op
{
    readonly long _top;

    TopMean(Value x, long top)
    {
        _top = top;
        Require(x.Shape.Width == 1, "x is [..., 1]", x.Shape);
        Require(top >= 1 && top <= x.Shape.Count, "as many are chosen as there are, one at least", top, x.Shape);
        Bind(x.Program, [x], [new(1), x.Shape]);
    }

    /// <param name="x">[..., 1].</param>
    /// <param name="top">How many.</param>
    public static Value Apply(Value x, long top) => x.Program.Append(new TopMean(x, top)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0],
                Binary.Apply(BinaryKind.Mul, Outputs[1], Affine.Apply(dy, (float)(1.0 / _top))));
    }

    public override void Run(Device device, in Frame frame) =>
        device.TopMean(frame[Inputs[0]], _top, frame[Outputs[0]], frame[Outputs[1]]);
}
