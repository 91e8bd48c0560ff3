using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// The residual vision-Mamba layer of LightM-UNet, [B, ..., C] to [B, ..., O]:
/// y = proj(LayerNorm(mixer(LayerNorm(x)) + s x)).
/// </summary>
/// <remarks>
/// Liao et al., arXiv:2403.05246, figure 2c and equation 2. Parity: both norms are one and the same; s, the adjustment
/// factor, is a single number.
/// </remarks>
public sealed class MambaLayer : Layer
{
    readonly Parameter? _skipScale;
    readonly LayerNorm _norm;
    readonly Layer _mixer;
    readonly Linear _proj;
    readonly bool _isResidual;

    /// <param name="mixer">What mixes positions: [B, ..., C] to the same shape.</param>
    /// <param name="skipScale">Whether s is learned; else it is 1.</param>
    /// <param name="residual">Whether s x is there at all.</param>
    public MambaLayer(Scope p, int width, int outWidth, Func<Scope, Layer> mixer, bool skipScale = true,
        bool residual = true) : base(p)
    {
        _isResidual = residual;
        _skipScale = skipScale && residual ? p.Weight("skip_scale", new Shape(1), Init.Ones) : null;
        _norm = new LayerNorm(p / "norm", width);
        _mixer = mixer(p);
        _proj = new Linear(p / "proj", width, outWidth, bias: true, Init.FanIn(width));
    }

    protected override Value Trace(Value x)
    {
        Value y = _mixer.Forward(_norm.Forward(x));
        if (_isResidual)
            y = _skipScale is null ? Add.Apply(y, x) : AddScaled.Apply(y, x, x.Program.Parameter(_skipScale));
        return _proj.Forward(_norm.Forward(y));
    }
}
