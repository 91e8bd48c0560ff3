using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>
/// The vision-Mamba layer of LightM-UNet over all positions of a picture or volume as one sequence, [B, ..., C] to
/// [B, ..., O]: y = proj(LayerNorm(Mamba(LayerNorm(x)) + s x)).
/// </summary>
/// <remarks>Liao et al., arXiv:2403.05246, figure 2c. Parity: both norms are one and the same; s is a single number.</remarks>
public sealed class MambaLayer : Layer
{
    readonly int _outWidth;
    readonly Parameter _skipScale;
    readonly LayerNorm _norm;
    readonly Mamba1d _mamba;
    readonly Linear _proj;

    public MambaLayer(Scope p, int outWidth, Mamba1dOptions options) : base(p)
    {
        _outWidth = outWidth;
        _skipScale = p.Weight("skip_scale", new Shape(1), Init.Ones);
        _norm = new LayerNorm(p / "norm", options.Width);
        _mamba = new Mamba1d(p / "mamba", options);
        _proj = new Linear(p / "proj", options.Width, outWidth, bias: true, Init.FanIn(options.Width));
    }

    protected override Value Trace(Value x)
    {
        Shape shape = x.Shape;
        Value tokens = Reshape.Apply(x, new Shape(shape.Batch, checked((int)shape.RowsPerSample), shape.Width));
        Value skip = Binary.Apply(BinaryKind.Mul, tokens, x.Program.Parameter(_skipScale));
        Value y = _norm.Forward(Add.Apply(_mamba.Forward(_norm.Forward(tokens)), skip));
        return Reshape.Apply(_proj.Forward(y), shape.WithWidth(_outWidth));
    }
}
