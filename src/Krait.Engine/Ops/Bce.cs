using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Mean binary cross entropy of probabilities: -(t ln p + (1 - t) ln(1 - p)), each logarithm at least -100; its
/// gradient (p - t) / max(p (1 - p), 1e-12). [1].
/// </summary>
/// <exception cref="ShapeException">x and target differ in shape.</exception>
public sealed class Bce : Op
{
    readonly bool _fromLogits;

    Bce(Value x, Value target, bool fromLogits)
    {
        _fromLogits = fromLogits;
        Require(x.Shape == target.Shape, "target has x's shape", x.Shape, target.Shape);
        Bind(x.Program, [x, target], [new(1)]);
    }

    /// <param name="probabilities">Any shape, in [0, 1].</param>
    /// <param name="target">The same shape, in [0, 1].</param>
    public static Value Apply(Value probabilities, Value target) =>
        probabilities.Program.Append(new Bce(probabilities, target, false)).Outputs[0];

    internal static Value ApplyToLogits(Value logits, Value target) =>
        logits.Program.Append(new Bce(logits, target, true)).Outputs[0];

    public override string Name => _fromLogits ? nameof(BceWithLogits) : nameof(Bce);

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Inputs[0]!.Shape.Count);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0],
                dy.Program.Append(new BceBackward(Inputs[0]!, Inputs[1]!, dy, _fromLogits)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Bce(_fromLogits, frame[Inputs[0]], frame[Inputs[1]], frame[Outputs[0]]);
}

/// <summary>Mean binary cross entropy of logits: ln(1 + e^x) - t x, without overflow. [1].</summary>
public static class BceWithLogits
{
    /// <param name="logits">Any shape.</param>
    /// <param name="target">The same shape, in [0, 1].</param>
    /// <exception cref="ShapeException">x and target differ in shape.</exception>
    public static Value Apply(Value logits, Value target) => Bce.ApplyToLogits(logits, target);
}

/// <summary>dx of <see cref="Bce"/>.</summary>
sealed class BceBackward : Op
{
    readonly bool _fromLogits;

    internal BceBackward(Value x, Value target, Value dy, bool fromLogits)
    {
        _fromLogits = fromLogits;
        Bind(x.Program, [x, target, dy], [x.Shape]);
    }

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Outputs[0].Shape.Count);

    public override bool CanOverwrite(int output, int input) => input < 2;

    public override void Run(Device device, in Frame frame) => device.BceBackward(_fromLogits, frame[Inputs[0]],
        frame[Inputs[1]], frame[Inputs[2]], frame[Outputs[0]]);
}
