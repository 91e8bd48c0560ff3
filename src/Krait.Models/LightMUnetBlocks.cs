using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>A depthwise convolution, then a 1x1 convolution: [B, ..., I] to [B, ..., O].</summary>
sealed class SeparableConv(Scope p, int inWidth, int outWidth, int kernel, int dims, bool bias) : Layer(p)
{
    readonly DepthwiseConv _depth = new(p / 0 / "conv", inWidth, kernel, dims, bias);
    readonly Conv _point = new(p / 1 / "conv", inWidth, outWidth, 1, bias: bias, dims: dims);

    protected override Value Trace(Value x) => _point.Forward(_depth.Forward(x));
}

/// <summary>
/// One level of the encoder: [B, H, W, C/2] to [B, H/2, W/2, C] by a residual vision-Mamba layer and max-pooling (not
/// at the first level), then residual blocks.
/// </summary>
sealed class LightMEncoderLevel : Layer
{
    readonly MambaLayer? _widen;
    readonly LightMBlock[] _blocks;

    public LightMEncoderLevel(Scope p, LightMUnetOptions options, int level) : base(p)
    {
        int width = options.Width << level;
        _widen = level == 0 ? null : LightMBlock.Layer(p / 0 / 0, width / 2, width, options);
        _blocks = [.. Enumerable.Range(1, options.Depths[level]).Select(i => new LightMBlock(p / i, width, options))];
    }

    protected override Value Trace(Value x)
    {
        if (_widen is not null)
            x = Pool.Apply(_widen.Forward(x), PoolKind.Max, [.. Enumerable.Repeat(2, x.Shape.Rank - 2)]);
        foreach (LightMBlock block in _blocks)
            x = block.Forward(x);
        return x;
    }
}

/// <summary>y = x + layer(ReLU(norm(layer(ReLU(norm(x)))))) with two residual vision-Mamba layers.</summary>
sealed class LightMBlock : Layer
{
    readonly GroupNorm _norm1;
    readonly GroupNorm _norm2;
    readonly MambaLayer _layer1;
    readonly MambaLayer _layer2;

    public LightMBlock(Scope p, int width, LightMUnetOptions options) : base(p)
    {
        _norm1 = new GroupNorm(p / "norm1", options.Groups, width);
        _norm2 = new GroupNorm(p / "norm2", options.Groups, width);
        _layer1 = Layer(p / "conv1", width, width, options);
        _layer2 = Layer(p / "conv2", width, width, options);
    }

    public static MambaLayer Layer(Scope p, int width, int outWidth, LightMUnetOptions options) =>
        new(p, width, outWidth, s => Mixer(s, width, options), options.SkipScale, options.Residual);

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        Value y = _layer1.Forward(_norm1.ForwardActivated(x, Activation.Relu));
        y = _layer2.Forward(_norm2.ForwardActivated(y, Activation.Relu));
        return Add.Apply(y, x);
    }

    static Layer Mixer(Scope p, int width, LightMUnetOptions options) => options.Mixer switch
    {
        LightMMixer.Vss => new Nn.Mamba.Ss2d(p / "vss",
            new Ss2dOptions(width, options.States, Scan: options.Scan) { Linear = Init.FanIn }),
        LightMMixer.Attention => new SelfAttention(p / "attention", width),
        LightMMixer.Convolution => new Conv(p / "conv", width, width, 3, dims: options.Dims),
        _ => new Mamba1d(p / "mamba", new Mamba1dOptions(width, options.States, Scan: options.Scan)),
    };
}

/// <summary>Twice the size and half the channels: a 1x1 convolution, then linear upsampling.</summary>
sealed class LightMUpsample(Scope p, int outWidth, int dims) : Layer(p)
{
    readonly Conv _conv = new(p / 0 / "conv", 2 * outWidth, outWidth, 1, bias: false, dims: dims);

    protected override Value Trace(Value x)
    {
        (int d, int h, int w) = x.Shape.Spatial;
        return Interpolate.Apply(_conv.Forward(x), (dims == 3 ? 2 * d : 1, 2 * h, 2 * w), InterpolateMode.Linear);
    }
}

/// <summary>One level of the decoder: y = ReLU(norm(separable conv(ReLU(norm(x))) + s x)), repeated.</summary>
sealed class LightMDecoderLevel(Scope p, LightMUnetOptions options, int width, int depth) : Layer(p)
{
    readonly LightMDecoderBlock[] _blocks =
        [.. Enumerable.Range(0, depth).Select(i => new LightMDecoderBlock(p / i, options, width))];

    protected override Value Trace(Value x)
    {
        foreach (LightMDecoderBlock block in _blocks)
            x = block.Forward(x);
        return x;
    }
}

/// <summary>y = ReLU(norm(separable conv(ReLU(norm(x))) + s x)) with a learned number s.</summary>
sealed class LightMDecoderBlock : Layer
{
    readonly Parameter _skipScale;
    readonly GroupNorm _norm1;
    readonly GroupNorm _norm2;
    readonly SeparableConv _conv;

    public LightMDecoderBlock(Scope p, LightMUnetOptions options, int width) : base(p)
    {
        _skipScale = p.Weight("skip_scale", new Shape(1), Init.Ones);
        _norm1 = new GroupNorm(p / "norm1", options.Groups, width);
        _norm2 = new GroupNorm(p / "norm2", options.Groups, width);
        _conv = new SeparableConv(p / "conv", width, width, 3, options.Dims, bias: false);
    }

    protected override Value Trace(Value x)
    {
        Value y = _conv.Forward(_norm1.ForwardActivated(x, Activation.Relu));
        y = AddScaled.Apply(y, x, x.Program.Parameter(_skipScale));
        return _norm2.ForwardActivated(y, Activation.Relu);
    }
}
