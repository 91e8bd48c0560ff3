using System.Text.Json.Nodes;
using System.Text.Json;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>Options of <see cref="VmUnet"/>; the defaults are those of the published configuration files.</summary>
public sealed record VmUnetOptions : VssOptions
{
    public VmUnetOptions() => Depths = [2, 2, 2, 2];

    /// <summary>VSS blocks of the four decoder stages, deepest first.</summary>
    public int[] DepthsDecoder { get; init; } = [2, 2, 2, 1];

    public static VmUnetOptions FromJson(JsonObject? json) =>
        Parse("vmunet", json, OptionsJsonContext.Default.VmUnetOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.VmUnetOptions)!.AsObject();

    public VmUnetOptions Checked()
    {
        CheckVss("vmunet");
        CheckDepths("vmunet", "depthsDecoder", DepthsDecoder);
        Require(Width >= 4 && Width % 4 == 0, "vmunet", "width is a positive multiple of 4", Width);
        return this;
    }
}

/// <summary>
/// VM-UNet: a U of VSS blocks. Four encoder stages of widths C, 2C, 4C, 8C with patch merging between them, the mirror
/// image with patch expanding as decoder, skips added, a last expanding by four, and a 1x1 convolution.
/// </summary>
/// <remarks>
/// Ruan, Xiang, arXiv:2402.02491, figure 1. Parity: the skips are the maps before each encoder stage, so the first is
/// the patch embedding; the published one-class model ends in a sigmoid, which is left to the caller here.
/// </remarks>
public sealed class VmUnet : SegmentationModel
{
    readonly VssEncoder _encoder;
    readonly VssStage[] _decoder;
    readonly PatchExpand _finalUp;
    readonly Conv _finalConv;

    public VmUnet(VmUnetOptions options) : base("vmunet", options.Checked())
    {
        Scope p = new Scope(Store) / "vmunet";
        int c = options.Width;
        int[] dims = options.StageWidths();
        float[][] rates = VssStage.Split(
            [.. ModelOptions.DropPathRamp(options.DropPathRate, options.DepthsDecoder.Sum()).Reverse()],
            options.DepthsDecoder);
        _encoder = new VssEncoder(p, options);
        _decoder = [.. dims.Reverse().Select((width, i) => new VssStage(p / "layers_up" / i, options.Block(width),
            rates[i], before: i == 0 ? null : s => new PatchExpand(s / "upsample", 2 * width, 4 * width, 2)))];
        _finalUp = new PatchExpand(p / "final_up", c, 4 * c, 4);
        _finalConv = new Conv(p / "final_conv", c / 4, options.Classes, 1);
        DropPathRates = VssStage.Rates(_encoder.Stages.Concat(_decoder));
    }

    public override (int D, int H, int W) SizeMultiple => (1, 32, 32);

    public override IReadOnlyDictionary<string, float> DropPathRates { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        (Value x, Value[] skips) = _encoder.Forward(image);         // [B, H/32, W/32, 8 C]
        x = _decoder[0].Forward(x);
        for (int i = 1; i < 4; i++)
            x = _decoder[i].Forward(Add.Apply(x, skips[4 - i]));    // i = 3: [B, H/4, W/4, C]
        return [_finalConv.Forward(_finalUp.Forward(x))];           // [B, H, W, classes]
    }
}
