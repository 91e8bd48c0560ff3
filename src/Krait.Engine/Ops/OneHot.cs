using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Class numbers to one channel a class: y[..., k] = 1 where the label is k, else 0.
/// Has no gradient.</summary>
/// <exception cref="ShapeException">Labels have more than one channel, or there is no class.</exception>
public sealed class OneHot : Op
{
    OneHot(Value labels, int classes)
    {
        Require(labels.Shape.Width == 1 && classes > 0, "labels are [..., 1] and there is a class", labels.Shape,
            classes);
        Bind(labels.Program, [labels], [labels.Shape.WithWidth(classes)]);
    }

    /// <param name="labels">[..., 1], whole numbers; those outside 0 to classes - 1 give zeros.</param>
    /// <returns>[..., classes].</returns>
    public static Value Apply(Value labels, int classes) =>
        labels.Program.Append(new OneHot(labels, classes)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients)
    {
    }

    public override void Run(Device device, in Frame frame) => device.OneHot(frame[Inputs[0]], frame[Outputs[0]]);
}
