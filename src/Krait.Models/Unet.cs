using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="Unet"/>.</summary>
public sealed record UnetOptions : ModelOptions
{
    /// <summary>Channels of the finest level; each level doubles them.</summary>
    public int Width { get; init; } = 32;

    /// <summary>How often the picture is halved.</summary>
    public int Halvings { get; init; } = 4;

    public static UnetOptions FromJson(JsonObject? json) =>
        Parse("unet", json, OptionsJsonContext.Default.UnetOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.UnetOptions)!.AsObject();

    public UnetOptions Checked()
    {
        CheckCommon("unet");
        Require(Width is >= 1 and <= 4096, "unet", "width lies in [1, 4096]", Width);
        Require(Halvings is >= 1 and <= 8, "unet", "halvings lies in [1, 8]", Halvings);
        return this;
    }
}

/// <summary>
/// The classic U-Net: two 3x3 convolutions with BatchNorm and ReLU a level, max-pooling down, 2x2 transposed
/// convolutions up, skips concatenated, a 1x1 convolution to logits.
/// </summary>
/// <remarks>
/// Ronneberger, Fischer, Brox, arXiv:1505.04597, figure 1; with padding, so that nothing is cropped, with BatchNorm
/// (arXiv:1502.03167), and from 32 channels instead of 64, as the vision-Mamba papers compare. Names are Krait's own.
/// </remarks>
public sealed class Unet : SegmentationModel
{
    readonly UnetLevel[] _down;
    readonly ConvTranspose[] _enlarge;
    readonly UnetLevel[] _up;
    readonly Conv _head;

    public Unet(UnetOptions options) : base("unet", options.Checked())
    {
        var p = new Scope(Store);
        int n = options.Halvings;
        int width(int level) => options.Width << level;
        _down = [.. Enumerable.Range(0, n + 1).Select(i =>
            new UnetLevel(p / "down" / i, i == 0 ? options.InputChannels : width(i - 1), width(i)))];
        _enlarge = [.. Enumerable.Range(0, n).Select(i =>
            new ConvTranspose(p / "enlarge" / i, width(n - i), width(n - i - 1), [2, 2], [2, 2], init: Init.HeNormal))];
        _up = [.. Enumerable.Range(0, n).Select(i => new UnetLevel(p / "up" / i, width(n - i), width(n - i - 1)))];
        _head = new Conv(p / "head", options.Width, options.Classes, 1, init: Init.HeNormal);
    }

    public override (int D, int H, int W) SizeMultiple => (1, 1 << _up.Length, 1 << _up.Length);

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        var maps = new Value[_down.Length];
        Value x = maps[0] = _down[0].Forward(image);                            // [B, H, W, width]
        for (int i = 1; i < maps.Length; i++)
            x = maps[i] = _down[i].Forward(Pool.Apply(x, PoolKind.Max, [2, 2]));    // [B, H / 2^i, W / 2^i, 2^i width]
        for (int i = 0; i < _up.Length; i++)
            x = _up[i].Forward(Concat.Apply(_enlarge[i].Forward(x), maps[^(i + 2)]));
        return [_head.Forward(x)];
    }
}

/// <summary>Twice 3x3 convolution, BatchNorm, ReLU: [B, H, W, I] to [B, H, W, O].</summary>
sealed class UnetLevel(Scope p, int inWidth, int outWidth) : Layer(p)
{
    readonly Conv _conv1 = new(p / "conv1", inWidth, outWidth, 3, bias: false, init: Init.HeNormal);
    readonly BatchNorm _norm1 = new(p / "norm1", outWidth);
    readonly Conv _conv2 = new(p / "conv2", outWidth, outWidth, 3, bias: false, init: Init.HeNormal);
    readonly BatchNorm _norm2 = new(p / "norm2", outWidth);

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        x = _norm1.ForwardActivated(_conv1.Forward(x), Activation.Relu);
        return _norm2.ForwardActivated(_conv2.Forward(x), Activation.Relu);
    }
}
