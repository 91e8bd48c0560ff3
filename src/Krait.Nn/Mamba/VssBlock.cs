using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>y = x + DropPath(SS2D(LayerNorm(x))) on [B, H, W, C].</summary>
/// <remarks>VM-UNet, arXiv:2402.02491, figure 1b. Published eps 1e-5 (the block's own default of 1e-6 is never
/// used).</remarks>
public sealed class VssBlock : Layer
{
    readonly LayerNorm _norm;
    readonly Ss2d _attention;
    readonly float _dropPath;

    public VssBlock(Scope p, Ss2dOptions options, float dropPath = 0f, float eps = 1e-5f) : base(p)
    {
        _norm = new LayerNorm(p / "ln_1", options.Width, eps);
        _attention = new Ss2d(p / "self_attention", options);
        _dropPath = dropPath;
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        if (_dropPath == 0 || !x.Program.IsTraining)
            return _attention.ForwardPlus(_norm.Forward(x), x);
        return DropPath.Residual(x, _attention.Forward(_norm.Forward(x)), _dropPath);
    }
}
