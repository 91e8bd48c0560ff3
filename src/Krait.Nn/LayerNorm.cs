using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>y = (x - mean) / sqrt(var + eps) * weight + bias over the channels of each position.
/// arXiv:1607.06450.</summary>
public sealed class LayerNorm : Layer
{
    readonly Parameter _weight;
    readonly Parameter _bias;
    readonly float _eps;

    public LayerNorm(Scope p, int width, float eps = 1e-5f) : base(p)
    {
        _weight = p.Weight("weight", new Shape(width), Init.Ones);
        _bias = p.Weight("bias", new Shape(width), Init.Zeros);
        _eps = eps;
    }

    protected override Value Trace(Value x) =>
        Engine.Ops.LayerNorm.Apply(x, x.Program.Parameter(_weight), x.Program.Parameter(_bias), _eps);

    /// <summary>LayerNorm(x) * SiLU(gate) in one pass.</summary>
    public Value ForwardGated(Value x, Value gate)
    {
        if (x.Program.IsWatched(Path))
            return Engine.Ops.Binary.Apply(BinaryKind.Mul, Forward(x),
                Engine.Ops.Activate.Apply(gate, Activation.Silu));
        using Program.Scoped layer = x.Program.Layer(Path);
        return Engine.Ops.LayerNormGate.Apply(x, x.Program.Parameter(_weight), x.Program.Parameter(_bias), gate, _eps);
    }
}
