using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = exp(x - max) / sum, over the channels of each position.</summary>
public sealed class Softmax : Op
{
    Softmax(Value x) => Bind(x.Program, [x], [x.Shape]);

    public static Value Apply(Value x) => x.Program.Append(new Softmax(x)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Elementwise, Outputs[0].Shape.Count);

    public override bool CanOverwrite(int output, int input) => true;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], dy.Program.Append(new SoftmaxBackward(Outputs[0], dy)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) => device.Softmax(frame[Inputs[0]], frame[Outputs[0]]);
}

/// <summary>dx = y (dy - sum(y dy)).</summary>
sealed class SoftmaxBackward : Op
{
    internal SoftmaxBackward(Value y, Value dy) => Bind(y.Program, [y, dy], [y.Shape]);

    public override Cost Cost => Cost.Streaming(this);

    public override bool CanOverwrite(int output, int input) => true;

    public override void Run(Device device, in Frame frame) =>
        device.SoftmaxBackward(frame[Inputs[0]], frame[Inputs[1]], frame[Outputs[0]]);
}
