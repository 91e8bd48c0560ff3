using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = w[t] (ln sum exp(x) - x[t]) at every position, 0 where the class t is ignored. [..., 1].</summary>
/// <exception cref="ShapeException">The target is not [..., 1] on x's positions, or weights are not [C].</exception>
public sealed class CrossEntropyTerms : Op
{
    readonly int _ignored;

    CrossEntropyTerms(Value logits, Value target, Value? weights, int ignored)
    {
        _ignored = ignored;
        Shape x = logits.Shape;
        Require(target.Shape == x.WithWidth(1), "the target holds one class a position", x, target.Shape);
        Require(weights is null || weights.Shape == new Shape(x.Width), "weights are [C]", x, weights?.Shape);
        Bind(logits.Program, [logits, target, weights], [target.Shape]);
    }

    /// <param name="logits">[B, spatial..., C].</param>
    /// <param name="target">[B, spatial..., 1], whole numbers 0 to C - 1 or <paramref name="ignored"/>.</param>
    /// <param name="weights">[C], or null for 1.</param>
    /// <param name="ignored">Positions of this class are 0.</param>
    public static Value Apply(Value logits, Value target, Value? weights = null,
        int ignored = CrossEntropy.DefaultIgnored) =>
        logits.Program.Append(new CrossEntropyTerms(logits, target, weights, ignored)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Inputs[0]!.Shape.Count);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], dy.Program.Append(
                new CrossEntropyTermsBackward(Inputs[0]!, Inputs[1]!, Inputs[2], dy, _ignored)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) => device.CrossEntropyTerms(frame[Inputs[0]],
        frame[Inputs[1]], frame[Inputs[2]], _ignored, frame[Outputs[0]]);
}

/// <summary>dx = dy w[t] (softmax(x) - onehot(t)).</summary>
sealed class CrossEntropyTermsBackward : Op
{
    readonly int _ignored;

    internal CrossEntropyTermsBackward(Value logits, Value target, Value? weights, Value dy, int ignored)
    {
        _ignored = ignored;
        Bind(logits.Program, [logits, target, weights, dy], [logits.Shape]);
    }

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Outputs[0].Shape.Count);

    public override void Run(Device device, in Frame frame) => device.CrossEntropyTermsBackward(frame[Inputs[0]],
        frame[Inputs[1]], frame[Inputs[2]], _ignored, frame[Inputs[3]], frame[Outputs[0]]);
}
