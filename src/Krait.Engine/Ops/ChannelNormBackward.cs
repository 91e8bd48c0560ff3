using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>(addend +) dx, dgamma and dbeta of batch, group and instance norm.</summary>
sealed class ChannelNormBackward : Op
{
    readonly Activation _activation;
    readonly float _slope;
    readonly int _groups;
    readonly bool _isFixed;

    ChannelNormBackward(Value x, Value? gamma, Value? beta, Value mean, Value rstd, Value dy, Value? addend,
        Activation activation, float slope, int groups, bool isFixed)
    {
        (_activation, _slope, _groups, _isFixed) = (activation, slope, groups, isFixed);
        var vector = new Shape(x.Shape.Width);
        Bind(x.Program, [x, gamma, beta, mean, rstd, dy, addend], [x.Shape, vector, vector]);
    }

    /// <summary>Appends the gradient of a norm with output <paramref name="y"/> and saved mean and rstd.</summary>
    internal static void Differentiate(Gradients gradients, Value x, Value? gamma, Value? beta, Value mean, Value rstd,
        Value y, Activation activation, float slope, int groups, bool isFixed)
    {
        Value dy = gradients.OrZero(y);
        ChannelNormBackward? op = null;
        ChannelNormBackward Append(Value? addend) => op = dy.Program.Append(new ChannelNormBackward(
            x, gamma, beta, mean, rstd, dy, addend, activation, slope, groups, isFixed));
        gradients.Add(x, addend => Append(addend).Outputs[0]);
        if (op is null && (gradients.Needs(gamma) || gradients.Needs(beta)))
            Append(null);
        if (gradients.Needs(gamma))
            gradients.Add(gamma, op!.Outputs[1]);
        if (gradients.Needs(beta))
            gradients.Add(beta, op!.Outputs[2]);
    }

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Norm, Activate.ExpsOf(_activation, Outputs[0].Shape.Count));

    /// <summary>All sums are taken before dx is written element by element.</summary>
    public override bool CanOverwrite(int output, int input) => output == 0 && input is (5 or 6);

    public override void Run(Device device, in Frame frame) => device.ChannelNormBackward(frame[Inputs[0]],
        frame[Inputs[3]], frame[Inputs[4]], frame[Inputs[1]], frame[Inputs[2]], _activation, _slope, _groups, _isFixed,
        frame[Inputs[5]], frame[Inputs[6]], frame[Outputs[0]], frame[Outputs[1]], frame[Outputs[2]]);
}
