using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>Square convolution on [B, H, W, C]: checkpoint weight [O, I, k, k].</summary>
public sealed class Conv : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly int _kernel;
    readonly int _stride;
    readonly int _padding;

    /// <param name="padding">Zeros on each side; -1 keeps the size (k / 2).</param>
    public Conv(Scope p, int inWidth, int outWidth, int kernel, int stride = 1, int padding = -1, bool bias = true)
        : base(p)
    {
        (_kernel, _stride, _padding) = (kernel, stride, padding < 0 ? kernel / 2 : padding);
        Initializer init = Init.FanIn(inWidth * kernel * kernel);
        _weight = p.Weight("weight", new Shape(outWidth, inWidth, kernel, kernel), init,
            kernel == 1 ? null : [2, 3, 1, 0]);
        _bias = bias ? p.Weight("bias", new Shape(outWidth), init) : null;
    }

    protected override Value Trace(Value x)
    {
        Value weight = x.Program.Parameter(_weight);
        Value? bias = _bias is null ? null : x.Program.Parameter(_bias);
        if (_kernel == 1 && _stride == 1)
            return MatMul.Apply(x, Reshape.Apply(weight, new Shape(weight.Shape[0], weight.Shape[1])), bias,
                kind: CostKind.Conv);
        return Engine.Ops.Conv.Apply(x, weight, bias, new ConvSettings(_stride, _padding));
    }
}

/// <summary>Square convolution of each channel by itself: checkpoint weight [C, 1, k, k]; keeps the size.</summary>
public sealed class DepthwiseConv : Layer
{
    readonly Parameter _weight;
    readonly Parameter _bias;
    readonly int _kernel;

    public DepthwiseConv(Scope p, int width, int kernel) : base(p)
    {
        _kernel = kernel;
        Initializer init = Init.FanIn(kernel * kernel);
        _weight = p.Weight("weight", new Shape(width, 1, kernel, kernel), init, [2, 3, 1, 0]);
        _bias = p.Weight("bias", new Shape(width), init);
    }

    protected override Value Trace(Value x) => Convolve(x, Activation.None);

    /// <summary>activation(conv(x)) in one pass, unless somebody watches the convolution.</summary>
    public Value ForwardActivated(Value x, Activation activation)
    {
        if (x.Program.IsWatched(Path))
            return Activate.Apply(Forward(x), activation);
        using Program.Scoped layer = x.Program.Layer(Path);
        return Convolve(x, activation);
    }

    Value Convolve(Value x, Activation activation) =>
        Engine.Ops.DepthwiseConv.Apply(x, x.Program.Parameter(_weight), x.Program.Parameter(_bias),
            new ConvSettings(1, _kernel / 2), activation);
}

/// <summary>Square transposed convolution on [B, H, W, C]: checkpoint weight [I, O, k, k].</summary>
public sealed class ConvTranspose : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly ConvSettings _settings;

    public ConvTranspose(Scope p, int inWidth, int outWidth, int kernel, int stride, int padding, int outputPadding = 0,
        bool bias = true) : base(p)
    {
        Initializer init = Init.FanIn(outWidth * kernel * kernel);
        _weight = p.Weight("weight", new Shape(inWidth, outWidth, kernel, kernel), init, [2, 3, 0, 1]);
        _bias = bias ? p.Weight("bias", new Shape(outWidth), init) : null;
        _settings = ConvSettings.Of([stride, stride], [padding, padding], [outputPadding, outputPadding]);
    }

    protected override Value Trace(Value x) =>
        Engine.Ops.ConvTranspose.Apply(x, x.Program.Parameter(_weight),
            _bias is null ? null : x.Program.Parameter(_bias), _settings);
}
