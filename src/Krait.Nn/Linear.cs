using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>y = x Wᵀ + b over the channels: [..., in] to [..., out].</summary>
public sealed class Linear : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly CostKind _kind;

    /// <param name="init">Null takes N(0, 0.02²) for the weight and zeros for the bias,
    /// as the vision-Mamba nets do.</param>
    /// <param name="kind">Under which heading the multiply-adds are counted.</param>
    public Linear(Scope p, int inWidth, int outWidth, bool bias = true, Initializer? init = null,
        CostKind kind = CostKind.Linear) : base(p)
    {
        _kind = kind;
        _weight = p.Weight("weight", new Shape(outWidth, inWidth), init ?? Init.TruncatedNormal(0.02));
        _bias = bias ? p.Weight("bias", new Shape(outWidth), init ?? Init.Zeros) : null;
    }

    protected override Value Trace(Value x) => ForwardPlus(x, null);

    /// <summary>x Wᵀ + b + addend: a residual stream joined in passing.</summary>
    public Value ForwardPlus(Value x, Value? addend)
    {
        using Program.Scoped layer = x.Program.Layer(Path);
        Value? bias = _bias is null ? null : x.Program.Parameter(_bias);
        return MatMul.Apply(x, x.Program.Parameter(_weight), bias, addend: addend, kind: _kind);
    }
}
