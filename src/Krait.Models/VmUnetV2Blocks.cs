using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>1x1 convolution without bias, then BatchNorm.</summary>
/// <remarks>Parity: the ReLU of the published BasicConv2d is built but never applied.</remarks>
sealed class ConvNorm(Scope p, int inWidth, int outWidth) : Layer(p)
{
    readonly Conv _conv = new(p / "conv", inWidth, outWidth, 1, bias: false);
    readonly BatchNorm _norm = new(p / "bn", outWidth);

    protected override Value Trace(Value x) => _norm.Forward(_conv.Forward(x));
}

/// <summary>sigmoid(F(mean x) + F(max x)) with F = 1x1 conv, ReLU, 1x1 conv: [B, H, W, C] to [B, 1, 1, C].</summary>
/// <remarks>CBAM, arXiv:1807.06521, equation 2. Parity: the hidden width is always C / 16.</remarks>
public sealed class ChannelAttention : Layer
{
    const int Ratio = 16;

    readonly Conv _fc1;
    readonly Conv _fc2;

    public ChannelAttention(Scope p, int width) : base(p)
    {
        ShapeException.Require(width >= Ratio, $"{p.Path} channel attention",
            $"needs at least {Ratio} channels", width);
        _fc1 = new Conv(p / "fc1", width, width / Ratio, 1, bias: false);
        _fc2 = new Conv(p / "fc2", width / Ratio, width, 1, bias: false);
    }

    protected override Value Trace(Value x)
    {
        Value mean = AdaptivePool.Apply(x, PoolKind.Average, (1, 1, 1));
        Value max = AdaptivePool.Apply(x, PoolKind.Max, (1, 1, 1));
        return Activate.Apply(Add.Apply(Squeeze(mean), Squeeze(max)), Activation.Sigmoid);
    }

    Value Squeeze(Value x) => _fc2.Forward(Activate.Apply(_fc1.Forward(x), Activation.Relu));
}

/// <summary>sigmoid(KxK conv(mean over channels, max over channels)): [B, H, W, C] to [B, H, W, 1].</summary>
/// <param name="kernel">K, odd.</param>
/// <remarks>CBAM, arXiv:1807.06521, equation 3.</remarks>
public sealed class SpatialAttention(Scope p, int kernel = 7) : Layer(p)
{
    readonly Conv _conv = new(p / "conv1", 2, 1, kernel, bias: false);

    protected override Value Trace(Value x)
    {
        Value mean = Reduce.Apply(ReduceKind.Mean, x, 3);
        Value max = Reduce.Apply(ReduceKind.Max, x, 3);
        return Activate.Apply(_conv.Forward(Concat.Apply(mean, max)), Activation.Sigmoid);
    }
}

/// <summary>
/// Semantics and detail infusion: the product over all maps of a 3x3 convolution of the map brought to the anchor's
/// size: larger ones by adaptive average pooling, smaller ones bilinearly with aligned corners.
/// </summary>
/// <remarks>U-Net v2, arXiv:2311.17791, equation 4.</remarks>
public sealed class SdiFusion
{
    readonly string _path;
    readonly Conv[] _convs;

    public SdiFusion(Scope p, int width)
    {
        _path = p.Path;
        _convs = [.. Enumerable.Range(0, 4).Select(i => new Conv(p / "convs" / i, width, width, 3))];
    }

    /// <summary>All maps, finest first, joined at the size of <paramref name="anchor"/>.</summary>
    public Value Forward(IReadOnlyList<Value> maps, Value anchor)
    {
        using Program.Scoped layer = anchor.Program.Layer(_path);
        Value? product = null;
        for (int i = 0; i < maps.Count; i++)
        {
            Value term = _convs[i].Forward(ToSize(maps[i], anchor));
            product = product is null ? term : Binary.Apply(BinaryKind.Mul, product, term);
        }
        return anchor.Program.Tap(_path, product!);
    }

    static Value ToSize(Value x, Value anchor)
    {
        (int D, int H, int W) size = anchor.Shape.Spatial;
        if (x.Shape.Spatial == size)
            return x;
        return x.Shape.RowsPerSample > anchor.Shape.RowsPerSample
            ? AdaptivePool.Apply(x, PoolKind.Average, size)
            : Interpolate.Apply(x, size, InterpolateMode.Linear, alignCorners: true);
    }
}
