using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// loss = sum w[t] (ln sum exp(x) - x[t]) / sum w[t] over all positions whose class t is not ignored. [1].
/// </summary>
/// <exception cref="ShapeException">The target is not [..., 1] on x's positions, or weights are not [C].</exception>
public sealed class CrossEntropy : Op
{
    /// <summary>The class number that marks positions to leave out, where no other is given.</summary>
    public const int DefaultIgnored = -100;

    readonly int _ignored;

    CrossEntropy(Value logits, Value target, Value? weights, int ignored)
    {
        _ignored = ignored;
        Shape x = logits.Shape;
        Require(target.Shape.Width == 1 && target.Shape.Rows == x.Rows, "the target holds one class a position", x,
            target.Shape);
        Require(weights is null || weights.Shape == new Shape(x.Width), "weights are [C]", x, weights?.Shape);
        Bind(logits.Program, [logits, target, weights], [new(1), new(1)]);
    }

    /// <param name="logits">[B, spatial..., C].</param>
    /// <param name="target">[B, spatial..., 1], whole numbers 0 to C - 1 or <paramref name="ignored"/>.</param>
    /// <param name="weights">[C], or null for 1.</param>
    /// <param name="ignored">Positions of this class count nothing.</param>
    public static Value Apply(Value logits, Value target, Value? weights = null, int ignored = DefaultIgnored) =>
        logits.Program.Append(new CrossEntropy(logits, target, weights, ignored)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Inputs[0]!.Shape.Count);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], dy.Program.Append(
                new CrossEntropyBackward(Inputs[0]!, Inputs[1]!, Inputs[2], Outputs[1], dy, _ignored)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) => device.CrossEntropy(frame[Inputs[0]], frame[Inputs[1]],
        frame[Inputs[2]], _ignored, frame[Outputs[0]], frame[Outputs[1]]);
}

/// <summary>dx = dloss w[t] / sum w * (softmax(x) - onehot(t)).</summary>
sealed class CrossEntropyBackward : Op
{
    readonly int _ignored;

    internal CrossEntropyBackward(Value logits, Value target, Value? weights, Value total, Value dy, int ignored)
    {
        _ignored = ignored;
        Bind(logits.Program, [logits, target, weights, total, dy], [logits.Shape]);
    }

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Outputs[0].Shape.Count);

    public override void Run(Device device, in Frame frame) => device.CrossEntropyBackward(frame[Inputs[0]],
        frame[Inputs[1]], frame[Inputs[2]], _ignored, frame[Inputs[3]], frame[Inputs[4]], frame[Outputs[0]]);
}
