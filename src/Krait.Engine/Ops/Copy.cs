using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = x in memory of its own.</summary>
public sealed class Copy : Op
{
    Copy(Value x) => Bind(x.Program, [x], [x.Shape]);

    public static Value Apply(Value x) => x.Program.Append(new Copy(x)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients) =>
        gradients.Add(Inputs[0], gradients.OrZero(Outputs[0]));

    public override void Run(Device device, in Frame frame) => device.Copy(frame[Inputs[0]], frame[Outputs[0]]);
}

/// <summary>A value of one number throughout.</summary>
public sealed class Fill : Op
{
    readonly float _number;

    Fill(Program program, Shape shape, float number)
    {
        _number = number;
        Bind(program, [], [shape]);
    }

    public static Value Apply(Program program, Shape shape, float number) =>
        program.Append(new Fill(program, shape, number)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
    }

    public override void Run(Device device, in Frame frame) => device.Fill(frame[Outputs[0]], _number);
}
