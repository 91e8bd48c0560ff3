using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="NnUnet"/>.</summary>
public sealed record NnUnetOptions : StagedOptions
{
    /// <summary>Convolutions of each encoder stage; empty: two.</summary>
    public int[] Convs { get; init; } = [];

    /// <summary>Convolutions of each decoder stage, deepest first; empty: two.</summary>
    public int[] ConvsDecoder { get; init; } = [];

    public static NnUnetOptions FromJson(JsonObject? json) =>
        Parse("nnunet", json, OptionsJsonContext.Default.NnUnetOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.NnUnetOptions)!.AsObject();

    public NnUnetOptions Checked()
    {
        var planned = (NnUnetOptions)Planned("nnunet");
        return planned with
        {
            Convs = PerStage("nnunet", "convs", Convs, planned.Stages, 2),
            ConvsDecoder = PerStage("nnunet", "convsDecoder", ConvsDecoder, planned.Stages - 1, 2),
        };
    }
}

/// <summary>
/// nnU-Net's plain U-Net in 2-D or 3-D: stages of convolution, instance norm and LeakyReLU, the first of each with the
/// stage's stride; transposed convolutions back, skips concatenated, logits at every scale but the deepest.
/// </summary>
/// <remarks>Isensee et al., Nature Methods 18 (2021), 203-211, supplementary note 3; arXiv:1809.10486.</remarks>
public sealed class NnUnet : SegmentationModel
{
    readonly NnUnetOptions _plan;
    readonly ConvStack[] _encoder;
    readonly SkipDecoder _decoder;

    public NnUnet(NnUnetOptions options) : base("nnunet", options.Checked())
    {
        NnUnetOptions o = _plan = (NnUnetOptions)Options;
        var p = new Scope(Store);
        _encoder = [.. Enumerable.Range(0, o.Stages).Select(s => new ConvStack(p / "encoder" / "stages" / s / 0,
            o.Convs[s], o.Before(s), o.Features[s], o.Kernels[s], o.Strides[s], o.ConvBias))];
        _decoder = Decoder(p / "decoder", o, o.ConvsDecoder);
    }

    public override int Dims => _plan.Dims;

    public override (int D, int H, int W) SizeMultiple => _plan.Shrinkage;

    public override IEnumerable<string> RepeatsOf(string name) => NnUnetNames.RepeatsOf(name);

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        var maps = new Value[_encoder.Length];
        Value x = image;
        for (int s = 0; s < maps.Length; s++)
            maps[s] = x = image.Program.Tap($"encoder.{s}", _encoder[s].Forward(x));
        return _decoder.Forward(maps);
    }

    /// <summary>The decoder that both of nnU-Net's networks have.</summary>
    internal static SkipDecoder Decoder(Scope p, StagedOptions o, int[] convs)
    {
        // From the deepest map upwards: step i leads from stage n - 1 - i to stage n - 2 - i.
        int n = o.Stages;
        int[] steps = [.. Enumerable.Range(0, n - 1)];
        ConvStack[] stages = [.. steps.Select(i => new ConvStack(p / "stages" / i, convs[i], 2 * o.Features[n - 2 - i],
            o.Features[n - 2 - i], o.Kernels[n - 2 - i], o.Ones, o.ConvBias))];
        ConvTranspose[] ups = [.. steps.Select(i => new ConvTranspose(p / "transpconvs" / i, o.Features[n - 1 - i],
            o.Features[n - 2 - i], o.Strides[n - 1 - i], o.Strides[n - 1 - i], o.ConvBias, Init.HeNormal))];
        Conv[] heads = [.. steps.Select(i => new Conv(p / "seg_layers" / i, o.Features[n - 2 - i], o.Classes, o.Ones,
            o.Ones, init: Init.HeNormal))];
        return new SkipDecoder(ups, stages, heads, o.DeepSupervision);
    }
}
