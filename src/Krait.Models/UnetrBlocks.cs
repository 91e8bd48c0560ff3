using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// y = f(norm(conv(f(norm(conv(x))))) + r) with 3x3 convolutions, f a leaky ReLU of slope 0.01; r is x, or
/// norm(1x1 conv(x)) where the width changes.
/// </summary>
/// <remarks>
/// UNETR, arXiv:2103.10504, section 3.2. Parity: the instance norms have no weight and bias, the convolutions no bias.
/// </remarks>
sealed class UnetrResidual : Layer
{
    readonly Conv _conv1;
    readonly Conv _conv2;
    readonly Conv? _conv3;
    readonly InstanceNorm _norm1;
    readonly InstanceNorm _norm2;
    readonly InstanceNorm _norm3;

    public UnetrResidual(Scope p, int inWidth, int outWidth) : base(p)
    {
        _conv1 = new Conv(p / "conv1" / "conv", inWidth, outWidth, 3, bias: false);
        _conv2 = new Conv(p / "conv2" / "conv", outWidth, outWidth, 3, bias: false);
        _conv3 = inWidth == outWidth ? null : new Conv(p / "conv3" / "conv", inWidth, outWidth, 1, bias: false);
        _norm1 = new InstanceNorm(p / "norm1", outWidth, affine: false);
        _norm2 = new InstanceNorm(p / "norm2", outWidth, affine: false);
        _norm3 = new InstanceNorm(p / "norm3", outWidth, affine: false);
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        Value y = _norm1.ForwardActivated(_conv1.Forward(x), Activation.LeakyRelu);
        y = _norm2.Forward(_conv2.Forward(y));
        Value residual = _conv3 is null ? x : _norm3.Forward(_conv3.Forward(x));
        return Activate.Apply(Add.Apply(y, residual), Activation.LeakyRelu);
    }
}

/// <summary>A residual block on a skip: [B, H, W, I] to [B, H, W, O].</summary>
sealed class UnetrSkip(Scope p, int inWidth, int outWidth) : Layer(p)
{
    readonly UnetrResidual _block = new(p / "layer", inWidth, outWidth);

    protected override Value Trace(Value x) => _block.Forward(x);
}

/// <summary>
/// A transposed convolution to twice the size, joined with the skip, then a residual block: [B, H, W, I] and
/// [B, 2 H, 2 W, O] to [B, 2 H, 2 W, O].
/// </summary>
sealed class UnetrUp(Scope p, int inWidth, int outWidth)
{
    readonly ConvTranspose _up = new(p / "transp_conv" / "conv", inWidth, outWidth, [2, 2], [2, 2], bias: false);
    readonly UnetrResidual _block = new(p / "conv_block", 2 * outWidth, outWidth);

    public Value Forward(Value x, Value skip)
    {
        using Program.Scoped layer = x.Program.Layer(p.Path);
        return x.Program.Tap(p.Path, _block.Forward(Concat.Apply(_up.Forward(x), skip)));
    }
}
