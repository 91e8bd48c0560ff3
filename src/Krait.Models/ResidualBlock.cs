using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// y = LeakyReLU(norm(conv(LeakyReLU(norm(conv(x))))) + skip(x)), [B, spatial..., I] to [B, spatial / stride..., O].
/// The skip is x, averaged over windows of the stride, then brought to O channels by a 1x1 convolution and a norm;
/// each only where it is needed.
/// </summary>
/// <remarks>
/// The residual block of nnU-Net: He et al., arXiv:1512.03385, figure 2, with the pooled skip of "bag of tricks"
/// ResNet-D, arXiv:1812.01187, figure 2c.
/// </remarks>
sealed class ResidualBlock : Layer
{
    readonly ConvBlock _conv1;
    readonly ConvBlock _conv2;
    readonly int[]? _window;
    readonly ConvBlock? _project;

    /// <param name="startsAsSkip">Whether the last norm starts at 0, so that a fresh block passes the skip on.</param>
    public ResidualBlock(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias,
        bool startsAsSkip = false) : base(p)
    {
        int[] one = [.. stride.Select(_ => 1)];
        _conv1 = new ConvBlock(p / "conv1", inWidth, outWidth, kernel, stride, bias);
        _conv2 = new ConvBlock(p / "conv2", outWidth, outWidth, kernel, one, bias, activated: false,
            startsAsSkip ? Init.Zeros : null);
        bool shrinks = stride.Any(s => s != 1);
        _window = shrinks ? stride : null;
        if (inWidth != outWidth)
            _project = new ConvBlock(p / "skip" / (shrinks ? 1 : 0), inWidth, outWidth, one, one, bias: false,
                activated: false);
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        Value y = _conv2.Forward(_conv1.Forward(x));
        Value skip = _window is null ? x : Pool.Apply(x, PoolKind.Average, _window);
        skip = _project?.Forward(skip) ?? skip;
        return Activate.Apply(Add.Apply(y, skip), Activation.LeakyRelu);
    }
}

/// <summary>Several residual blocks in a row; the first has the stride.</summary>
sealed class ResidualStack : Layer
{
    readonly ResidualBlock[] _blocks;

    public ResidualStack(Scope p, int count, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias) : base(p)
    {
        int[] one = [.. stride.Select(_ => 1)];
        _blocks = [.. Enumerable.Range(0, count).Select(i => new ResidualBlock(p / "blocks" / i,
            i == 0 ? inWidth : outWidth, outWidth, kernel, i == 0 ? stride : one, bias, startsAsSkip: true))];
    }

    protected override Value Trace(Value x) => _blocks.Aggregate(x, (y, block) => block.Forward(y));
}
