using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>What mixes positions in the residual layer of LightM-UNet.</summary>
public enum LightMMixer
{
    /// <summary>One Mamba over all positions as one sequence, as the published code has it.</summary>
    Mamba,

    /// <summary>The four-direction VSS module that the paper describes; 2-D only.</summary>
    Vss,

    /// <summary>A convolution of side 3: the paper's ablation.</summary>
    Convolution,

    /// <summary>Self-attention, up to 4096 positions: the paper's ablation.</summary>
    Attention,
}

/// <summary>Options of <see cref="LightMUnet"/>; the defaults are those of the published trainer.</summary>
public sealed record LightMUnetOptions : ModelOptions
{
    /// <summary>2 for pictures, 3 for volumes.</summary>
    public int Dims { get; init; } = 2;

    /// <summary>Channels of the first level; each level doubles them.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Residual blocks of each level, finest first.</summary>
    public int[] Depths { get; init; } = [1, 2, 2, 4];

    /// <summary>Residual blocks of each decoder level, deepest first: one level fewer.</summary>
    public int[] DepthsDecoder { get; init; } = [1, 1, 1];

    /// <summary>Groups of the group norms.</summary>
    public int Groups { get; init; } = 8;

    /// <summary>N, states a channel.</summary>
    public int States { get; init; } = 16;

    /// <summary>What mixes positions in the residual layer.</summary>
    public LightMMixer Mixer { get; init; } = LightMMixer.Mamba;

    /// <summary>What stands in the place of the scan.</summary>
    public ScanKind Scan { get; init; } = ScanKind.Selective;

    /// <summary>Whether the residual layer has its residual.</summary>
    public bool Residual { get; init; } = true;

    /// <summary>Whether the adjustment factor scales the residual, if there is one.</summary>
    public bool SkipScale { get; init; } = true;

    public static LightMUnetOptions FromJson(JsonObject? json) =>
        Parse("lightm-unet", json, OptionsJsonContext.Default.LightMUnetOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.LightMUnetOptions)!.AsObject();

    public LightMUnetOptions Checked()
    {
        const string model = "lightm-unet";
        CheckCommon(model);
        Require(Dims is 2 or 3, model, "dims is 2 or 3", Dims);
        Require(Depths.Length is >= 2 and <= 8 && Depths.All(d => d is >= 1 and <= MostBlocks), model,
            $"depths are two to eight numbers from 1 to {MostBlocks}", string.Join(",", Depths));
        Require(DepthsDecoder.Length == Depths.Length - 1 && DepthsDecoder.All(d => d is >= 1 and <= MostBlocks), model,
            $"depthsDecoder are {Depths.Length - 1} numbers from 1 to {MostBlocks}, one fewer than depths",
            string.Join(",", DepthsDecoder));
        Require(Groups >= 1, model, "groups is at least 1", Groups);
        CheckChannels(model, "width", Width, MostChannels >> (Depths.Length - 1));
        Require(Width % Groups == 0, model, $"width is a multiple of groups, {Groups}", Width);
        CheckChannels(model, "states", States, MostStates);
        Require(Mixer != LightMMixer.Vss || Dims == 2, model, "mixer vss needs dims 2", Dims);
        Require(Scan == ScanKind.Selective || Mixer is LightMMixer.Mamba or LightMMixer.Vss, model,
            "scan is for the mixers mamba and vss", Mixer);
        return this;
    }
}

/// <summary>
/// LightM-UNet: depthwise-separable convolutions at both ends; levels of residual vision-Mamba blocks with a
/// vision-Mamba layer and max-pooling before each; a decoder of depthwise-separable residual blocks with linear
/// upsampling, skips added.
/// </summary>
/// <remarks>
/// Liao et al., arXiv:2403.05246, figure 2. Parity: the code runs one Mamba over the flattened picture where the paper
/// describes the four walks of a VSS module (option mixer: vss), and has 5.0 M parameters with its trainer's 32
/// channels, not the paper's 1.1 M.
/// </remarks>
public sealed class LightMUnet : SegmentationModel
{
    readonly SeparableConv _convInit;
    readonly LightMEncoderLevel[] _down;
    readonly LightMUpsample[] _upSamples;
    readonly LightMDecoderLevel[] _up;
    readonly GroupNorm _finalNorm;
    readonly SeparableConv _convFinal;

    public LightMUnet(LightMUnetOptions options) : base("lightm-unet", options.Checked())
    {
        var p = new Scope(Store);
        int c = options.Width, levels = options.Depths.Length, side = 1 << (levels - 1);
        Dims = options.Dims;
        SizeMultiple = (Dims == 3 ? side : 1, side, side);
        _convInit = new SeparableConv(p / "convInit", options.InputChannels, c, 3, Dims, bias: false);
        _down = [.. Enumerable.Range(0, levels).Select(i => new LightMEncoderLevel(p / "down_layers" / i, options, i))];
        _up = [.. Enumerable.Range(0, levels - 1).Select(i =>
            new LightMDecoderLevel(p / "up_layers" / i, options, c << (levels - 2 - i), options.DepthsDecoder[i]))];
        _upSamples = [.. Enumerable.Range(0, levels - 1).Select(i =>
            new LightMUpsample(p / "up_samples" / i, c << (levels - 2 - i), Dims))];
        _finalNorm = new GroupNorm(p / "conv_final" / 0, options.Groups, c);
        _convFinal = new SeparableConv(p / "conv_final" / 2, c, options.Classes, 1, Dims, bias: true);
    }

    public override int Dims { get; }

    public override (int D, int H, int W) SizeMultiple { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        Value x = _convInit.Forward(image);                                             // [B, H, W, C]
        var skips = new Stack<Value>();
        foreach (LightMEncoderLevel level in _down)
            skips.Push(x = level.Forward(x));                                           // ... [B, H/8, W/8, 8 C]
        skips.Pop();
        for (int i = 0; i < _up.Length; i++)
            x = _up[i].Forward(Add.Apply(_upSamples[i].Forward(x), skips.Pop()));       // ... [B, H, W, C]
        return [_convFinal.Forward(_finalNorm.ForwardActivated(x, Activation.Relu))];   // [B, H, W, classes]
    }
}
