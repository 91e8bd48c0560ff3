using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>
/// Two-dimensional selective scan: [B, H, W, C] to [B, H, W, C].
/// <code>
/// (x, z) = in_proj(input)                      C to 2 D, D = expand C
/// x = SiLU(depthwise conv(x))
/// y = sum over 4 walks of selective scan(x)    N states, steps of rank R
/// output = out_proj(LayerNorm(y) * SiLU(z))
/// </code>
/// </summary>
/// <remarks>VMamba, arXiv:2401.10166, section 4; VM-UNet, arXiv:2402.02491, section 3.2.</remarks>
public sealed class Ss2d : Layer
{
    readonly int _inner;
    readonly Linear _inProj;
    readonly DepthwiseConv _conv;
    readonly LayerNorm _outNorm;
    readonly Linear _outProj;
    readonly Ss2dCore _core;

    public Ss2d(Scope p, Ss2dOptions options) : base(p)
    {
        _inner = options.Inner;
        _core = new Ss2dCore(p, options);
        _inProj = new Linear(p / "in_proj", options.Width, 2 * _inner, bias: false,
            options.Linear?.Invoke(options.Width));
        _conv = new DepthwiseConv(p / "conv2d", _inner, options.Kernel, init: options.Conv);
        _outNorm = new LayerNorm(p / "out_norm", _inner);
        _outProj = new Linear(p / "out_proj", _inner, options.Width, bias: false, options.Linear?.Invoke(_inner));
    }

    protected override Value Trace(Value x) => ForwardPlus(x, null);

    /// <summary>SS2D(x) + addend.</summary>
    public Value ForwardPlus(Value input, Value? addend)
    {
        using Program.Scoped layer = input.Program.Layer(Path);
        Value xz = _inProj.Forward(input);                              // [B, H, W, 2 D]
        Value x = SliceChannels.Apply(xz, 0, _inner);
        Value z = SliceChannels.Apply(xz, _inner, _inner);
        x = _conv.ForwardActivated(x, Activation.Silu);                 // [B, H, W, D]
        Value y = _outNorm.ForwardGated(_core.Forward(x), z);
        return _outProj.ForwardPlus(y, addend);                         // [B, H, W, C]
    }
}

/// <summary>Sizes of an SS2D.</summary>
/// <param name="Width">C, channels in and out.</param>
/// <param name="States">N, states a channel.</param>
/// <param name="Expand">D / C.</param>
/// <param name="Kernel">Side of the depthwise convolution.</param>
/// <param name="Rank">R, rank of the step projection; 0 takes ceil(C / 16).</param>
/// <param name="Scan">What stands in the place of the scan.</param>
public sealed record Ss2dOptions(int Width, int States = 16, int Expand = 2, int Kernel = 3, int Rank = 0,
    ScanKind Scan = ScanKind.Selective)
{
    /// <summary>Starting values of the linear layers from their fan-in; null: N(0, 0.02²).</summary>
    public Func<int, Initializer>? Linear { get; init; }

    /// <summary>Starting values of the convolution from its fan-in, bias 0; null: PyTorch's default.</summary>
    public Func<int, Initializer>? Conv { get; init; }

    public int Inner => Width * Expand;
    public int StepRank => Rank > 0 ? Rank : (Width + 15) / 16;
}
