using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = x + s f with one number s, or one a sample: a residual stream and its weighted branch,
/// in one pass.</summary>
/// <exception cref="ShapeException">x and f differ in shape, or s is neither [1] nor one number a sample.</exception>
public sealed class AddScaled : Op
{
    AddScaled(Value x, Value f, Value scale)
    {
        Require(x.Shape == f.Shape, "both shapes are equal", x.Shape, f.Shape);
        Require(scale.Shape.Width == 1 && (scale.Shape.Rows == 1 || scale.Shape.Rows == x.Shape.Batch),
            "the factor is [1], or [B, ..., 1] with one a sample", x.Shape, scale.Shape);
        Bind(x.Program, [x, f, scale], [x.Shape]);
    }

    public static Value Apply(Value x, Value f, Value scale) =>
        x.Program.Append(new AddScaled(x, f, scale)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override bool CanOverwrite(int output, int input) => input < 2;

    public override int? RowsBefore => Inputs[2]!.Shape.Count == 1 ? 0 : null;

    internal override Op Absorb(Fusion fusion) =>
        Inputs[2]!.Shape.Count == 1 && fusion.LastMaker(Inputs[0]) is MatMul { TakesAddend: true } product
            ? product.Plus(Inputs[1]!, Inputs[2], Outputs)
            : this;

    public override void Differentiate(Gradients gradients)
    {
        (Value f, Value scale, Value dy) = (Inputs[1]!, Inputs[2]!, gradients.OrZero(Outputs[0]));
        gradients.Add(Inputs[0], dy);
        gradients.Add(f, addend => addend is null ? Binary.Apply(BinaryKind.Mul, dy, scale) : Apply(addend, dy, scale));
        if (gradients.Needs(scale))
            gradients.Add(scale, Reduce.To(dy, f, scale.Shape, 1f));
    }

    public override void Run(Device device, in Frame frame) =>
        device.AddScaled(frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[2]], frame[Outputs[0]]);
}
