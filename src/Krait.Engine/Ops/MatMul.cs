using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = f(x Wᵀ + bias) + addend over the last axis: a linear layer, a 1x1 convolution.</summary>
/// <exception cref="ShapeException">W is not [O, I] for x [..., I], bias not [O], addend not y's shape.</exception>
public sealed class MatMul : Op
{
    /// <summary>Multiply-adds a number up to which a product takes hardly longer than reading it from memory.</summary>
    const int CheapInner = 8;

    /// <summary>Where the factor of the addend, and gamma and beta of a norm that was taken over, stand.</summary>
    const int Scale = 5, Gamma = 6, Beta = 7;

    readonly Activation _activation;
    readonly CostKind _kind;
    readonly int _inner;
    float? _normEps;

    MatMul(
        Value x, Value packed, Value? weight, Value? bias, Value? addend, int n, Activation activation, CostKind kind)
    {
        Shape y = x.Shape.WithWidth(n);
        Require(packed.Shape.Width == x.Shape.Width, "weight is [O, I] for x [..., I]", x.Shape, weight?.Shape);
        Require(bias is null || bias.Shape == new Shape(n), "bias is [O]", bias?.Shape, y);
        Require(addend is null || addend.Shape == y, "the addend has y's shape", addend?.Shape, y);
        (_activation, _kind, _inner) = (activation, kind, x.Shape.Width);
        Bind(x.Program, [x, packed, weight, bias, addend], [y]);
    }

    /// <param name="x">[..., I].</param>
    /// <param name="weight">[O, I], as torch keeps it; all axes before the last count as O.</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="activation">f; in training an op of its own, so that its input is kept and not made again.</param>
    /// <param name="addend">[..., O] (a residual) or null.</param>
    /// <param name="kind">Under which heading the multiply-adds are counted.</param>
    /// <returns>[..., O].</returns>
    public static Value Apply(Value x, Value weight, Value? bias = null, Activation activation = Activation.None,
        Value? addend = null, CostKind kind = CostKind.Linear)
    {
        Value packed = PackPanels.Apply(weight, transposed: true);
        int n = checked((int)weight.Shape.Rows);
        if (activation == Activation.None || !x.Program.IsTraining)
            return x.Program.Append(new MatMul(x, packed, weight, bias, addend, n, activation, kind)).Outputs[0];
        Value z = x.Program.Append(new MatMul(x, packed, weight, bias, null, n, Activation.None, kind)).Outputs[0];
        Value y = Activate.Apply(z, activation);
        return addend is null ? y : Add.Apply(y, addend);
    }

    internal Activation Activation => _activation;

    /// <summary>Whether the sum may still get an addend.</summary>
    internal bool TakesAddend => _activation == Activation.None && Inputs[4] is null;

    /// <summary>In prediction: this product plus scale times the addend, in the place of another op's output.</summary>
    internal Op Plus(Value addend, Value? scale, IReadOnlyList<Value> outputs) =>
        Between([Inputs[0], Inputs[1], Inputs[2], Inputs[3], addend, scale, Optional(Gamma), Optional(Beta)], outputs);

    /// <summary>Rows that pass through a layer norm first are normed a chunk at a time, just before.</summary>
    internal override Op Absorb(Fusion fusion)
    {
        if (!Device.NormsInProduct(Outputs[0].Shape.Rows) || _normEps is not null
            || fusion.LastMaker(Inputs[0]) is not LayerNorm { IsGated: false } norm)
            return this;
        var op = (MatMul)Between([norm.Inputs[0], Inputs[1], Inputs[2], Inputs[3], Inputs[4], Optional(Scale),
            norm.Inputs[1], norm.Inputs[2]], Outputs);
        op._normEps = norm.Eps;
        return op;
    }

    Value? Optional(int input) => input < Inputs.Count ? Inputs[input] : null;

    public override Cost Cost =>
        new(_kind, Outputs[0].Shape.Count * _inner, Activate.ExpsOf(_activation, Outputs[0].Shape.Count),
            Cost.BytesOf(this));

    /// <summary>In the addend's place: a tile reads it before it writes; an activation comes between the two.</summary>
    public override bool CanOverwrite(int output, int input) => input == 4 && _activation == Activation.None;

    public override int? RowsBefore => 0;

    public override bool IsCheap => _inner <= CheapInner && Inputs[4] is null;

    /// <summary>Of the weight only what is packed is read.</summary>
    public override bool Reads(int input) => input != 2;

    public override void Differentiate(Gradients gradients)
    {
        (Value x, Value packed, Value? bias) = (Inputs[0]!, Inputs[1]!, Inputs[3]);
        Value weight = Inputs[2] ?? throw new NotSupportedException($"{Path} {Name}: a gradient's product has none.");
        Value dy = gradients.OrZero(Outputs[0]);
        gradients.Add(Inputs[4], dy);
        if (_activation != Activation.None)
        {
            int n = Outputs[0].Shape.Width;
            Value z = x.Program.Append(new MatMul(x, packed, weight, bias, null, n, Activation.None, _kind)).Outputs[0];
            dy = x.Program.Append(new ActivateBackward(z, dy, null, _activation, Activate.DefaultSlope)).Outputs[0];
        }
        gradients.Add(x, addend => InputGradient(dy, weight, addend));
        if (gradients.Needs(weight))
            gradients.Add(weight, MatMulGradient.Apply(dy, x, weight.Shape, _kind));
        if (gradients.Needs(bias))
            gradients.Add(bias, ColumnSum.Apply(dy));
    }

    /// <summary>dx = dy W.</summary>
    Value InputGradient(Value dy, Value weight, Value? addend)
    {
        Value packed = PackPanels.Apply(weight, transposed: false);
        return dy.Program.Append(
            new MatMul(dy, packed, null, null, addend, _inner, Activation.None, _kind)).Outputs[0];
    }

    public override void Run(Device device, in Frame frame) =>
        device.MatMul(
            frame[Inputs[0]], new RowNorm(_normEps, frame[Optional(Gamma)], frame[Optional(Beta)]), frame[Inputs[1]],
            frame[Inputs[3]], frame[Inputs[4]], frame[Optional(Scale)], _activation, frame[Outputs[0]]);
}
