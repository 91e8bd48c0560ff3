using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = f(x), element by element; any shape.</summary>
public sealed class Activate : Op
{
    internal const float DefaultSlope = 0.01f;

    readonly Activation _activation;
    readonly float _slope;

    Activate(Value x, Activation activation, float slope)
    {
        (_activation, _slope) = (activation, slope);
        Bind(x.Program, [x], [x.Shape]);
    }

    /// <param name="x">Any shape.</param>
    /// <param name="activation">The function; <see cref="Activation.None"/> gives x itself.</param>
    /// <param name="slope">Slope of a leaky ReLU below 0; others ignore it.</param>
    public static Value Apply(Value x, Activation activation, float slope = DefaultSlope) =>
        activation == Activation.None ? x : x.Program.Append(new Activate(x, activation, slope)).Outputs[0];

    internal (Activation Kind, float Slope) Function => (_activation, _slope);

    public override string Name => _activation.ToString();

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Elementwise, ExpsOf(_activation, Outputs[0].Shape.Count));

    /// <summary>Exponentials that an activation of <paramref name="count"/> numbers takes.</summary>
    internal static long ExpsOf(Activation activation, long count) =>
        activation is Activation.None or Activation.Relu or Activation.LeakyRelu ? 0 : count;

    public override bool CanOverwrite(int output, int input) => true;

    public override int? RowsBefore => 0;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        gradients.Add(Inputs[0], addend =>
            dy.Program.Append(new ActivateBackward(Inputs[0]!, dy, addend, _activation, _slope)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Activate(_activation, _slope, frame[Inputs[0]], frame[Outputs[0]]);
}

/// <summary>dx = (addend +) dy f'(x).</summary>
sealed class ActivateBackward : Op
{
    readonly Activation _activation;
    readonly float _slope;

    internal ActivateBackward(Value x, Value dy, Value? addend, Activation activation, float slope)
    {
        (_activation, _slope) = (activation, slope);
        Bind(x.Program, [x, dy, addend], [x.Shape]);
    }

    public override string Name => $"{_activation}Backward";

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Elementwise, Activate.ExpsOf(_activation, Outputs[0].Shape.Count));

    public override bool CanOverwrite(int output, int input) => true;

    public override void Run(Device device, in Frame frame) => device.ActivateBackward(_activation, _slope,
        frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[2]], frame[Outputs[0]]);
}
