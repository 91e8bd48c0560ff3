using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>Patches of side P become tokens: [B, H, W, C0] to [B, H/P, W/P, C] by convolution and LayerNorm.</summary>
/// <remarks>Parity: rows and columns beyond the last whole patch are dropped,
/// as the published convolution does.</remarks>
public sealed class PatchEmbed : Layer
{
    readonly Conv _proj;
    readonly LayerNorm _norm;

    /// <param name="init">Starting values of the convolution from its fan-in, bias 0; null: PyTorch's default.</param>
    public PatchEmbed(Scope p, int inWidth, int width, int patch = 4, Func<int, Initializer>? init = null) : base(p)
    {
        _proj = new Conv(p / "proj", inWidth, width, patch, stride: patch, padding: 0, init: init);
        _norm = new LayerNorm(p / "norm", width);
    }

    protected override Value Trace(Value x) => _norm.Forward(_proj.Forward(x));
}

/// <summary>Two by two tokens become one: [B, H, W, C] to [B, H/2, W/2, 2 C].</summary>
/// <remarks>
/// Swin Transformer, arXiv:2103.14030, section 3.1. The four neighbours are joined in the order (0,0), (1,0), (0,1),
/// (1,1) of (row, column). Parity: an odd last row or column is dropped.
/// </remarks>
public sealed class PatchMerging : Layer
{
    readonly LayerNorm _norm;
    readonly Linear _reduction;

    public PatchMerging(Scope p, int width) : base(p)
    {
        _reduction = new Linear(p / "reduction", 4 * width, 2 * width, bias: false);
        _norm = new LayerNorm(p / "norm", 4 * width);
    }

    protected override Value Trace(Value x) => _reduction.Forward(_norm.Forward(SpaceToDepth.Apply(x)));
}

/// <summary>
/// One token becomes S by S: a linear layer C to K, then channels (p1, p2, c) to positions: [B, H, W, C] to
/// [B, S H, S W, K / S²]; LayerNorm after.
/// </summary>
/// <remarks>Swin-Unet, arXiv:2105.05537, section 3.5.</remarks>
public sealed class PatchExpand : Layer
{
    readonly int _scale;
    readonly Linear _expand;
    readonly LayerNorm _norm;

    /// <param name="expanded">K, channels after the linear layer; a multiple of scale².</param>
    /// <param name="init">Starting values of the linear layer; null: N(0, 0.02²).</param>
    public PatchExpand(Scope p, int width, int expanded, int scale, Initializer? init = null) : base(p)
    {
        ShapeException.Require(expanded % (scale * scale) == 0, $"{p.Path} patch expand",
            "expanded channels are a multiple of scale squared", expanded, scale);
        _scale = scale;
        _expand = new Linear(p / "expand", width, expanded, bias: false, init);
        _norm = new LayerNorm(p / "norm", expanded / (scale * scale));
    }

    protected override Value Trace(Value x) => _norm.Forward(DepthToSpace.Apply(_expand.Forward(x), _scale));
}
