using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = (x - mean) / sqrt(var + eps) * gamma + beta, mean and var over the channels of each position.</summary>
/// <remarks>
/// Ba, Kiros and Hinton, arXiv:1607.06450. Saved for backward: mean and 1 / sqrt(var + eps) a position.
/// </remarks>
/// <exception cref="ShapeException">gamma or beta is not [C].</exception>
public sealed class LayerNorm : Op
{
    readonly float _eps;
    readonly bool _isGated;

    LayerNorm(Value x, Value? gamma, Value? beta, Value? gate, float eps)
    {
        (_eps, _isGated) = (eps, gate is not null);
        var vector = new Shape(x.Shape.Width);
        Require(gamma is null || gamma.Shape == vector, "gamma is [C]", x.Shape, gamma?.Shape);
        Require(beta is null || beta.Shape == vector, "beta is [C]", x.Shape, beta?.Shape);
        Require(gate is null || gate.Shape == x.Shape, "the gate has x's shape", x.Shape, gate?.Shape);
        Bind(x.Program, [x, gamma, beta, gate], [x.Shape, x.Shape.WithWidth(2)]);
    }

    /// <param name="x">[..., C].</param>
    /// <param name="gamma">[C], or null for 1.</param>
    /// <param name="beta">[C], or null for 0.</param>
    /// <param name="eps">Added to the variance.</param>
    public static Value Apply(Value x, Value? gamma, Value? beta, float eps = 1e-5f) =>
        x.Program.Append(new LayerNorm(x, gamma, beta, null, eps)).Outputs[0];

    /// <summary>LayerNorm(x) * SiLU(z): see <see cref="LayerNormGate"/>.</summary>
    internal static Value ApplyGated(Value x, Value? gamma, Value? beta, Value z, float eps) =>
        x.Program.Append(new LayerNorm(x, gamma, beta, z, eps)).Outputs[0];

    internal float Eps => _eps;

    internal bool IsGated => _isGated;

    public override string Name => _isGated ? nameof(LayerNormGate) : nameof(LayerNorm);

    public override Cost Cost => Cost.Streaming(this, CostKind.Norm, _isGated ? Outputs[0].Shape.Count : 0);

    public override int? RowsBefore => 0;

    public override bool IsCheap => !_isGated;

    public override bool AllowsStride(int output) => output == 0;

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!, dy = gradients.OrZero(Outputs[0]);
        bool parameters = gradients.Needs(Inputs[1]) || gradients.Needs(Inputs[2]);
        LayerNormBackward? op = null;
        LayerNormBackward Append(Value? addend) => op = dy.Program.Append(
            new LayerNormBackward(x, Inputs[1], Inputs[2], Inputs[3], Outputs[1], dy, addend, parameters));
        gradients.Add(x, addend => Append(addend).Dx);
        if (op is null && (parameters || gradients.Needs(Inputs[3])))
            Append(null);
        if (gradients.Needs(Inputs[3]))
            gradients.Add(Inputs[3], op!.Dgate!);
        if (gradients.Needs(Inputs[1]))
            gradients.Add(Inputs[1], op!.Dgamma!);
        if (gradients.Needs(Inputs[2]))
            gradients.Add(Inputs[2], op!.Dbeta!);
    }

    public override void Run(Device device, in Frame frame) => device.LayerNorm(frame[Inputs[0]], frame[Inputs[1]],
        frame[Inputs[2]], frame[Inputs[3]], _eps, frame[Outputs[1]], frame[Outputs[0]]);
}

/// <summary>dx = (addend +) gradient, dgate, dgamma and dbeta of <see cref="LayerNorm"/> in one pass.</summary>
sealed class LayerNormBackward : Op
{
    readonly bool _parameters;

    internal LayerNormBackward(Value x, Value? gamma, Value? beta, Value? gate, Value stats, Value dy, Value? addend,
        bool parameters)
    {
        _parameters = parameters;
        var outputs = new List<Shape> { x.Shape };
        if (gate is not null)
            outputs.Add(x.Shape);
        if (parameters)
        {
            int parts = checked((int)((x.Shape.Rows + Device.NormRowsPerPart - 1) / Device.NormRowsPerPart));
            outputs.AddRange([new(2 * parts, x.Shape.Width), new(x.Shape.Width), new(x.Shape.Width)]);
        }
        Bind(x.Program, [x, gamma, beta, gate, stats, dy, addend], [.. outputs]);
    }

    internal Value Dx => Outputs[0];
    internal Value? Dgate => Inputs[3] is null ? null : Outputs[1];
    internal Value? Dgamma => _parameters ? Outputs[^2] : null;
    internal Value? Dbeta => _parameters ? Outputs[^1] : null;
    Value? Partials => _parameters ? Outputs[^3] : null;

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Norm, Inputs[3] is null ? 0 : Outputs[0].Shape.Count);

    /// <summary>dx is added to the addend element by element.</summary>
    public override bool CanOverwrite(int output, int input) => output == 0 && input == 6;

    public override bool AllowsStride(int output) => Outputs[output] != Partials;

    public override void Run(Device device, in Frame frame) => device.LayerNormBackward(
        frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[2]], frame[Inputs[3]], frame[Inputs[4]], frame[Inputs[5]],
        frame[Inputs[6]], frame[Dx], frame[Dgate], frame[Partials], frame[Dgamma], frame[Dbeta]);
}
