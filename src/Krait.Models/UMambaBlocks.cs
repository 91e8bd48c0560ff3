using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>
/// y = LeakyReLU(norm(conv(LeakyReLU(norm(conv(x))))) + conv1x1(x)), [B, spatial..., I] to [B, spatial / stride..., O].
/// </summary>
/// <remarks>U-Mamba, arXiv:2401.04722, figure 1b. Parity: a bias in each convolution, whatever the plan says.</remarks>
sealed class UMambaBlock : Layer
{
    readonly Conv _conv1;
    readonly Conv _conv2;
    readonly Conv _conv3;
    readonly InstanceNorm _norm1;
    readonly InstanceNorm _norm2;

    public UMambaBlock(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride) : base(p)
    {
        int[] one = [.. stride.Select(_ => 1)];
        _conv1 = new Conv(p / "conv1", inWidth, outWidth, kernel, stride, init: Init.HeNormal);
        _norm1 = new InstanceNorm(p / "norm1", outWidth);
        _conv2 = new Conv(p / "conv2", outWidth, outWidth, kernel, one, init: Init.HeNormal);
        _norm2 = new InstanceNorm(p / "norm2", outWidth);
        _conv3 = new Conv(p / "conv3", inWidth, outWidth, one, stride, init: Init.HeNormal);
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        Value y = _norm1.ForwardActivated(_conv1.Forward(x), Activation.LeakyRelu);
        y = _norm2.Forward(_conv2.Forward(y));
        return Activate.Apply(Add.Apply(y, _conv3.Forward(x)), Activation.LeakyRelu);
    }
}

/// <summary>A stage: one <see cref="UMambaBlock"/> with the stride, then residual blocks.</summary>
sealed class UMambaStage : Layer
{
    readonly UMambaBlock _first;
    readonly ResidualBlock[] _others;

    public UMambaStage(Scope p, int count, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias) : base(p)
    {
        int[] one = [.. stride.Select(_ => 1)];
        _first = new UMambaBlock(p / 0, inWidth, outWidth, kernel, stride);
        _others = [.. Enumerable.Range(1, count - 1).Select(i =>
            new ResidualBlock(p / i, outWidth, outWidth, kernel, one, bias))];
    }

    protected override Value Trace(Value x) => _others.Aggregate(_first.Forward(x), (y, block) => block.Forward(y));
}

/// <summary>Nearest neighbours by the stride, then a 1x1 convolution.</summary>
sealed class UpsampleConv(Scope p, int inWidth, int outWidth, int[] stride) : Layer(p)
{
    readonly Conv _conv = new(p / "conv", inWidth, outWidth, 1, dims: stride.Length, init: Init.HeNormal);

    protected override Value Trace(Value x)
    {
        (int d, int h, int w) = x.Shape.Spatial;
        (int, int, int) size = (stride.Length == 3 ? d * stride[0] : 1, h * stride[^2], w * stride[^1]);
        return _conv.Forward(Interpolate.Apply(x, size, InterpolateMode.Nearest));
    }
}

/// <summary>
/// Mamba(LayerNorm(x)) over a picture or volume as one sequence. The tokens are the positions; where a map has no more
/// positions than channels, U-Mamba Enc takes the channels as tokens, and positions are their features.
/// </summary>
/// <remarks>U-Mamba, arXiv:2401.04722, figure 1c. Parity: no residual around it.</remarks>
public sealed class TokenMamba : Layer
{
    readonly int _positions;
    readonly LayerNorm _norm;
    readonly Mamba1d _mamba;

    /// <param name="positions">Positions of the map whose channels are the tokens; 0: positions are the tokens.</param>
    public TokenMamba(Scope p, int width, int positions, ScanKind scan) : base(p)
    {
        _positions = positions;
        int features = positions > 0 ? positions : width;
        _norm = new LayerNorm(p / "norm", features);
        _mamba = new Mamba1d(p / "mamba", new Mamba1dOptions(features, Scan: scan));
    }

    protected override Value Trace(Value x)
    {
        if (_positions == 0)
            return _mamba.Forward(_norm.Forward(x));                        // [B, spatial..., C]
        ShapeException.Require(x.Shape.RowsPerSample == _positions, Path,
            $"a map of {_positions} positions, as patchSize says", x.Shape);
        Value y = _mamba.Forward(_norm.Forward(Transpose.Apply(x)));        // [B, C, positions]
        return Reshape.Apply(Transpose.Apply(y), x.Shape);
    }
}
