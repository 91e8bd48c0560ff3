using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="VmUnetV2"/>; the defaults are those of the published code.</summary>
public sealed record VmUnetV2Options : VssOptions
{
    /// <summary>Channels of the decoder. Published: half of the width.</summary>
    public int MidChannels { get; init; } = 48;

    /// <summary>Whether the second-finest output is added to the finest.</summary>
    public bool DeepSupervision { get; init; } = true;

    public static VmUnetV2Options FromJson(JsonObject? json) =>
        Parse("vmunetv2", json, OptionsJsonContext.Default.VmUnetV2Options).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.VmUnetV2Options)!.AsObject();

    public VmUnetV2Options Checked()
    {
        CheckVss("vmunetv2");
        Require(Width >= 16, "vmunetv2", "width is at least 16 (channel attention divides it by 16)", Width);
        CheckChannels("vmunetv2", "midChannels", MidChannels);
        return this;
    }
}

/// <summary>
/// VM-UNetV2: the VSS encoder of VM-UNet; each of its four maps passes channel and spatial attention and a 1x1
/// convolution to M channels; four SDI modules join all maps at each size; transposed convolutions lead up, with
/// additions, to a quarter of the input's size; logits are resized by four.
/// </summary>
/// <remarks>
/// Zhang et al., arXiv:2403.09157, figure 1. Parity: the maps are those before each encoder stage, so the last stage
/// does not influence the result (plans leave it out), nor do deconv5 and seg_outs 0 and 1 (and 2 without deep
/// supervision). Where the published code fails (sides of unequal length, deep supervision with several classes) the
/// evident meaning is taken: sizes per side, deconv6 from classes to classes; without deep supervision it is kept from
/// 1 to 1 channel, unused, as published checkpoints have it.
/// </remarks>
public sealed class VmUnetV2 : SegmentationModel
{
    readonly VssEncoder _encoder;
    readonly SdiDecoder _decoder;
    readonly ConvTranspose _deconv6;
    readonly bool _deepSupervision;

    public VmUnetV2(VmUnetV2Options options) : base("vmunetv2", options.Checked())
    {
        var p = new Scope(Store);
        _deepSupervision = options.DeepSupervision;
        _decoder = new SdiDecoder(p, options.StageWidths(), options.MidChannels, options.Classes);
        int joined = options.DeepSupervision ? options.Classes : 1;
        _deconv6 = new ConvTranspose(p / "deconv6", joined, joined, 3, 2, 1, outputPadding: 1);
        _encoder = new VssEncoder(p / "vmunet", options);
        DropPathRates = VssStage.Rates(_encoder.Stages);
    }

    public override (int D, int H, int W) SizeMultiple => (1, 32, 32);

    public override IReadOnlyDictionary<string, float> DropPathRates { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        (_, Value[] before) = _encoder.Forward(image);                  // C at H/4 ... 8 C at H/32
        for (int i = 0; i < 4; i++)
            image.Program.Tap($"vmunet.{i}", before[i]);
        Value[] logits = _decoder.Forward(before);                      // classes at H/4 ... H/32
        Value finest = SdiDecoder.FourTimes(logits[0]);                 // [B, H, W, classes]
        return [_deepSupervision ? Add.Apply(finest, _deconv6.Forward(SdiDecoder.FourTimes(logits[1]))) : finest];
    }
}
