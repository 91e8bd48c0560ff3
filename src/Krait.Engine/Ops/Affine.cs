using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = scale * x + shift with two numbers known at trace time; any shape.</summary>
public sealed class Affine : Op
{
    readonly float _scale;
    readonly float _shift;

    Affine(Value x, float scale, float shift)
    {
        (_scale, _shift) = (scale, shift);
        Bind(x.Program, [x], [x.Shape]);
    }

    public static Value Apply(Value x, float scale, float shift = 0f) =>
        x.Program.Append(new Affine(x, scale, shift)).Outputs[0];

    internal (float Scale, float Shift) Numbers => (_scale, _shift);

    public override Cost Cost => Cost.Streaming(this);

    public override bool CanOverwrite(int output, int input) => true;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], Apply(dy, _scale));
    }

    public override void Run(Device device, in Frame frame) =>
        device.Affine(frame[Inputs[0]], _scale, _shift, frame[Outputs[0]]);
}
