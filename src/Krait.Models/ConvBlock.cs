using Krait.Engine;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// nnU-Net's unit: y = LeakyReLU(InstanceNorm(conv(x))), [B, spatial..., I] to [B, spatial / stride..., O]; without
/// the LeakyReLU where a sum follows.
/// </summary>
sealed class ConvBlock : Layer
{
    readonly Conv _conv;
    readonly InstanceNorm _norm;
    readonly bool _activated;

    public ConvBlock(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias = true,
        bool activated = true, Initializer? normStart = null) : base(p)
    {
        _conv = new Conv(p / "conv", inWidth, outWidth, kernel, stride, bias, Init.HeNormal);
        _norm = new InstanceNorm(p / "norm", outWidth, start: normStart);
        _activated = activated;
    }

    protected override Value Trace(Value x)
    {
        Value y = _conv.Forward(x);
        return _activated ? _norm.ForwardActivated(y, Activation.LeakyRelu) : _norm.Forward(y);
    }
}

/// <summary>Several units in a row; the first has the stride.</summary>
sealed class ConvStack : Layer
{
    readonly ConvBlock[] _convs;

    public ConvStack(Scope p, int count, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias) : base(p)
    {
        int[] one = [.. stride.Select(_ => 1)];
        _convs = [.. Enumerable.Range(0, count).Select(i => new ConvBlock(p / "convs" / i, i == 0 ? inWidth : outWidth,
            outWidth, kernel, i == 0 ? stride : one, bias))];
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        return _convs.Aggregate(x, (y, conv) => conv.Forward(y));
    }
}
