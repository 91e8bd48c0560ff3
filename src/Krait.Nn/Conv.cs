using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>Convolution on [B, (D,) H, W, C]: checkpoint weight [O, I, k...].</summary>
public sealed class Conv : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly ConvSettings _settings;
    readonly bool _isProduct;

    /// <summary>The same kernel and stride along every axis.</summary>
    /// <param name="padding">Zeros on each side; -1 keeps the size (k / 2).</param>
    /// <param name="dims">Spatial axes.</param>
    /// <param name="init">Weights from the fan-in, biases 0; null: PyTorch's default for both.</param>
    public Conv(Scope p, int inWidth, int outWidth, int kernel, int stride = 1, int padding = -1, bool bias = true,
        int dims = 2, Func<int, Initializer>? init = null)
        : this(p, inWidth, outWidth, Same(kernel, dims), Same(stride, dims),
            Same(padding < 0 ? kernel / 2 : padding, dims), bias, init)
    {
    }

    /// <summary>One number an axis; zeros on each side keep the size where the stride is 1.</summary>
    public Conv(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias = true,
        Func<int, Initializer>? init = null)
        : this(p, inWidth, outWidth, kernel, stride, [.. kernel.Select(k => k / 2)], bias, init)
    {
    }

    Conv(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride, int[] padding, bool bias,
        Func<int, Initializer>? init) : base(p)
    {
        _isProduct = kernel.All(k => k == 1) && stride.All(s => s == 1) && padding.All(s => s == 0);
        _settings = ConvSettings.Of(stride, padding);
        int fanIn = inWidth * Taps(kernel);
        _weight = p.Weight("weight", new Shape([outWidth, inWidth, .. kernel]), (init ?? Init.FanIn)(fanIn),
            _isProduct ? null : TapsFirst(kernel.Length, 1, 0));
        _bias = bias ? p.Weight("bias", new Shape(outWidth), init is null ? Init.FanIn(fanIn) : Init.Zeros) : null;
    }

    protected override Value Trace(Value x)
    {
        Value weight = x.Program.Parameter(_weight);
        Value? bias = _bias is null ? null : x.Program.Parameter(_bias);
        if (_isProduct)
            return MatMul.Apply(x, Reshape.Apply(weight, new Shape(weight.Shape[0], weight.Shape[1])), bias,
                kind: CostKind.Conv);
        return Engine.Ops.Conv.Apply(x, weight, bias, _settings);
    }

    internal static int[] Same(int number, int dims) => [.. Enumerable.Repeat(number, dims)];

    internal static int Taps(int[] kernel) => kernel.Aggregate((a, b) => a * b);

    /// <summary>The engine's order of axes: taps, then the two channel axes of the checkpoint.</summary>
    internal static int[] TapsFirst(int dims, int inputs, int outputs) =>
        [.. Enumerable.Range(2, dims), inputs, outputs];
}

/// <summary>Convolution of each channel by itself: checkpoint weight [C, 1, k...]; keeps the size.</summary>
public sealed class DepthwiseConv : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly int _kernel;

    /// <param name="dims">Spatial axes.</param>
    /// <param name="init">Weights from the fan-in, biases 0; null: PyTorch's default for both.</param>
    public DepthwiseConv(Scope p, int width, int kernel, int dims = 2, bool bias = true,
        Func<int, Initializer>? init = null) : base(p)
    {
        _kernel = kernel;
        int[] kernels = Conv.Same(kernel, dims);
        int fanIn = Conv.Taps(kernels);
        _weight = p.Weight("weight", new Shape([width, 1, .. kernels]), (init ?? Init.FanIn)(fanIn),
            Conv.TapsFirst(dims, 1, 0));
        _bias = bias ? p.Weight("bias", new Shape(width), init is null ? Init.FanIn(fanIn) : Init.Zeros) : null;
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
        Engine.Ops.DepthwiseConv.Apply(x, x.Program.Parameter(_weight),
            _bias is null ? null : x.Program.Parameter(_bias), new ConvSettings(1, _kernel / 2), activation);
}

/// <summary>Transposed convolution on [B, (D,) H, W, C]: checkpoint weight [I, O, k...].</summary>
public sealed class ConvTranspose : Layer
{
    readonly Parameter _weight;
    readonly Parameter? _bias;
    readonly ConvSettings _settings;

    /// <summary>A square one on [B, H, W, C].</summary>
    public ConvTranspose(Scope p, int inWidth, int outWidth, int kernel, int stride, int padding, int outputPadding = 0,
        bool bias = true)
        : this(p, inWidth, outWidth, [kernel, kernel],
            ConvSettings.Of([stride, stride], [padding, padding], [outputPadding, outputPadding]), bias, null)
    {
    }

    /// <summary>One number an axis, no padding: [k, k] with stride [k, k] makes every axis k times as long.</summary>
    /// <param name="init">Weights from the fan-in, biases 0; null: PyTorch's default for both.</param>
    public ConvTranspose(Scope p, int inWidth, int outWidth, int[] kernel, int[] stride, bool bias = true,
        Func<int, Initializer>? init = null)
        : this(p, inWidth, outWidth, kernel, ConvSettings.Of(stride), bias, init)
    {
    }

    ConvTranspose(Scope p, int inWidth, int outWidth, int[] kernel, ConvSettings settings, bool bias,
        Func<int, Initializer>? init) : base(p)
    {
        _settings = settings;
        int fanIn = outWidth * Conv.Taps(kernel);
        _weight = p.Weight("weight", new Shape([inWidth, outWidth, .. kernel]), (init ?? Init.FanIn)(fanIn),
            Conv.TapsFirst(kernel.Length, 0, 1));
        _bias = bias ? p.Weight("bias", new Shape(outWidth), init is null ? Init.FanIn(fanIn) : Init.Zeros) : null;
    }

    protected override Value Trace(Value x) =>
        Engine.Ops.ConvTranspose.Apply(x, x.Program.Parameter(_weight),
            _bias is null ? null : x.Program.Parameter(_bias), _settings);
}
