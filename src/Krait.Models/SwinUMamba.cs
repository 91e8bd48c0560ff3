using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="SwinUMamba"/>; the defaults are those of the published code.</summary>
public sealed record SwinUMambaOptions : VssOptions
{
    /// <summary>Channels at full and half size. Published: half of the width.</summary>
    public int StemWidth { get; init; } = 48;

    /// <summary>Whether training sees the logits at 1, 1/2, 1/4 and 1/8 of the size.</summary>
    public bool DeepSupervision { get; init; } = true;

    public static SwinUMambaOptions FromJson(JsonObject? json) =>
        Parse("swin-umamba", json, OptionsJsonContext.Default.SwinUMambaOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.SwinUMambaOptions)!.AsObject();

    public SwinUMambaOptions Checked()
    {
        CheckVss("swin-umamba");
        CheckChannels("swin-umamba", "stemWidth", StemWidth);
        return this;
    }
}

/// <summary>
/// Swin-UMamba: a 7x7 stem, the encoder of VMamba-Tiny on its result, a residual block on every skip, and a decoder of
/// transposed convolutions and residual blocks; four heads for deep supervision.
/// </summary>
/// <remarks>
/// Liu et al., arXiv:2402.03302, figure 1. Parity: the published drop_path_rate never reaches the encoder, which keeps
/// 0.2; the option does reach it here.
/// </remarks>
public sealed class SwinUMamba : SegmentationModel
{
    readonly SwinUMambaStem _stem;
    readonly SwinUMambaEncoder _encoder;
    readonly UnetrSkip[] _skips;
    readonly UnetrUp[] _ups = new UnetrUp[5];
    readonly UnetrSkip _last;
    readonly Conv[] _heads;
    readonly bool _deepSupervision;

    public SwinUMamba(SwinUMambaOptions options) : base("swin-umamba", options.Checked())
    {
        var p = new Scope(Store);
        int c = options.Width;
        int[] w = [options.StemWidth, c, 2 * c, 4 * c, 8 * c];
        int[] from = [options.InputChannels, .. w[..4]];
        _deepSupervision = options.DeepSupervision;
        _stem = new SwinUMambaStem(p / "stem", options.InputChannels, w[0]);
        _encoder = new SwinUMambaEncoder(p / "vssm_encoder", w[0], patch: 2, options);
        _skips = [.. w.Select((width, i) => new UnetrSkip(p / $"encoder{i + 1}", from[i], width))];
        for (int i = 4; i >= 0; i--)
            _ups[i] = new UnetrUp(p / $"decoder{i + 2}", w[Math.Min(i + 1, 4)], w[i]);
        _last = new UnetrSkip(p / "decoder1", w[0], w[0]);
        _heads = [.. w[..4].Select((width, i) =>
            new Conv(p / "out_layers" / i / "conv" / "conv", width, options.Classes, 1))];
        DropPathRates = VssStage.Rates(_encoder.Stages);
    }

    public override (int D, int H, int W) SizeMultiple => (1, 32, 32);

    public override IReadOnlyDictionary<string, float> DropPathRates { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        Value stem = _stem.Forward(image);                              // [B, H/2, W/2, S]
        Value[] f = _encoder.Forward(stem);                             // C at H/4 ... 8 C at H/32
        Value[] maps = [image, stem, .. f[..3]];
        Value[] skips = [.. maps.Select((x, i) => _skips[i].Forward(x))];   // S at H, C at H/2 ... 8 C at H/16
        var decoded = new Value[5];
        for (int i = 4; i >= 0; i--)
            decoded[i] = _ups[i].Forward(i == 4 ? f[3] : decoded[i + 1], skips[i]);
        decoded[0] = _last.Forward(decoded[0]);                         // [B, H, W, S]
        int outputs = _deepSupervision ? _heads.Length : 1;
        return [.. _heads.Take(outputs).Select((head, i) => head.Forward(decoded[i]))];     // classes at H ... H/8
    }
}

/// <summary>7x7 convolution of stride 2, then instance norm: [B, H, W, C0] to [B, H/2, W/2, S].</summary>
sealed class SwinUMambaStem(Scope p, int inWidth, int width) : Layer(p)
{
    readonly Conv _conv = new(p / 0, inWidth, width, 7, stride: 2);
    readonly InstanceNorm _norm = new(p / 1, width);

    protected override Value Trace(Value x) => _norm.Forward(_conv.Forward(x));
}
