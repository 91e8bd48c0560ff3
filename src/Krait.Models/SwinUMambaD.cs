using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>Options of <see cref="SwinUMambaD"/>; the defaults are those of the published code.</summary>
public sealed record SwinUMambaDOptions : VssOptions
{
    /// <summary>Whether training sees the logits at 1, 1/4, 1/8 and 1/16 of the size.</summary>
    public bool DeepSupervision { get; init; } = true;

    public static SwinUMambaDOptions FromJson(JsonObject? json) =>
        Parse("swin-umamba-d", json, OptionsJsonContext.Default.SwinUMambaDOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.SwinUMambaDOptions)!.AsObject();

    public SwinUMambaDOptions Checked()
    {
        CheckVss("swin-umamba-d");
        return this;
    }
}

/// <summary>
/// Swin-UMamba dagger: the encoder of VMamba-Tiny, and a decoder of VSS blocks: patch expanding, the skip joined and a
/// linear layer back to the width, two blocks; a last expanding by four. Four heads for deep supervision.
/// </summary>
/// <remarks>
/// Liu et al., arXiv:2402.03302, section 3.3. Parity: the trainer's He initialisation reaches all convolutions, those
/// inside SS2D too; the decoder's stochastic-depth rates fall from the deepest block to the last.
/// </remarks>
public sealed class SwinUMambaD : SegmentationModel
{
    const int BlocksPerStage = 2;

    readonly SwinUMambaEncoder _encoder;
    readonly VssStage[] _stages;
    readonly PatchExpand[] _expand;
    readonly Conv[] _heads;
    readonly Linear[] _back;
    readonly bool _deepSupervision;

    public SwinUMambaD(SwinUMambaDOptions options) : base("swin-umamba-d", options.Checked())
    {
        var p = new Scope(Store);
        int c = options.Width;
        int[] widths = [4 * c, 2 * c, c];
        float[] rates = [.. ModelOptions.DropPathRamp(options.DropPathRate, BlocksPerStage * widths.Length).Reverse()];
        _deepSupervision = options.DeepSupervision;
        _encoder = new SwinUMambaEncoder(p / "vssm_encoder", options.InputChannels, patch: 4, options, Init.HeNormal);
        Scope d = p / "decoder";
        _stages = [.. widths.Select((w, i) => new VssStage(d / "stages" / i,
            options.Block(w) with { Linear = Init.FanIn, Conv = Init.HeNormal },
            rates[(BlocksPerStage * i)..][..BlocksPerStage]))];
        _expand = [.. widths.Select((w, i) =>
                new PatchExpand(d / "expand_layers" / i, 2 * w, 4 * w, 2, Init.FanIn(2 * w))),
            new PatchExpand(d / "expand_layers" / 3, c, 16 * c, 4, Init.FanIn(c))];
        int[] seen = [.. widths, c];
        _heads = [.. seen.Select((w, i) => new Conv(d / "seg_layers" / i, w, options.Classes, 1, init: Init.HeNormal))];
        _back = [.. widths.Select((w, i) => new Linear(d / "concat_back_dim" / i, 2 * w, w, init: Init.FanIn(2 * w)))];
        DropPathRates = VssStage.Rates(_encoder.Stages.Concat(_stages));
    }

    public override (int D, int H, int W) SizeMultiple => (1, 32, 32);

    public override IReadOnlyDictionary<string, float> DropPathRates { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        Value[] f = _encoder.Forward(image);                                // C at H/4 ... 8 C at H/32
        Value x = f[3];
        var outputs = new Stack<Value>();
        for (int i = 0; i < 3; i++)
        {
            x = Concat.Apply(_expand[i].Forward(x), f[2 - i]);              // [B, H/16, W/16, 8 C], ...
            x = _stages[i].Forward(_back[i].Forward(x));                    // [B, H/16, W/16, 4 C], ... C at H/4
            if (_deepSupervision)
                outputs.Push(_heads[i].Forward(x));
        }
        outputs.Push(_heads[3].Forward(_expand[3].Forward(x)));             // [B, H, W, classes]
        return [.. outputs];
    }
}
