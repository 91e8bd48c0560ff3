using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="NnUnetResEnc"/>.</summary>
public sealed record NnUnetResEncOptions : StagedOptions
{
    static readonly int[] UsualBlocks = [1, 3, 4, 6, 6, 6, 6];

    /// <summary>Residual blocks of each encoder stage; empty: 1, 3, 4, then 6.</summary>
    public int[] Blocks { get; init; } = [];

    /// <summary>Convolutions of each decoder stage, deepest first; empty: one.</summary>
    public int[] ConvsDecoder { get; init; } = [];

    public static NnUnetResEncOptions FromJson(JsonObject? json) =>
        Parse("nnunet-resenc", json, OptionsJsonContext.Default.NnUnetResEncOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.NnUnetResEncOptions)!.AsObject();

    public NnUnetResEncOptions Checked()
    {
        var planned = (NnUnetResEncOptions)Planned("nnunet-resenc");
        int[] blocks = Blocks.Length > 0 ? Blocks
            : [.. Enumerable.Range(0, planned.Stages).Select(s => UsualBlocks[Math.Min(s, UsualBlocks.Length - 1)])];
        return planned with
        {
            Blocks = PerStage("nnunet-resenc", "blocks", blocks, planned.Stages, 1),
            ConvsDecoder = PerStage("nnunet-resenc", "convsDecoder", ConvsDecoder, planned.Stages - 1, 1),
        };
    }
}

/// <summary>
/// nnU-Net with a residual encoder, in 2-D or 3-D: a stem of one convolution, stages of residual blocks, the first of
/// each with the stage's stride; the decoder of <see cref="NnUnet"/> with one convolution a stage.
/// </summary>
/// <remarks>Isensee et al., nnU-Net revisited, arXiv:2404.09556, section 3 (ResEnc U-Net).</remarks>
public sealed class NnUnetResEnc : SegmentationModel
{
    readonly NnUnetResEncOptions _plan;
    readonly ConvStack _stem;
    readonly ResidualStack[] _encoder;
    readonly SkipDecoder _decoder;

    public NnUnetResEnc(NnUnetResEncOptions options) : base("nnunet-resenc", options.Checked())
    {
        NnUnetResEncOptions o = _plan = (NnUnetResEncOptions)Options;
        var p = new Scope(Store);
        _stem = new ConvStack(p / "encoder" / "stem", 1, o.InputChannels, o.Features[0], o.Kernels[0], o.Ones,
            o.ConvBias);
        _encoder = [.. Enumerable.Range(0, o.Stages).Select(s => new ResidualStack(p / "encoder" / "stages" / s,
            o.Blocks[s], o.Features[Math.Max(s - 1, 0)], o.Features[s], o.Kernels[s], o.Strides[s], o.ConvBias))];
        _decoder = NnUnet.Decoder(p / "decoder", o, o.ConvsDecoder);
    }

    public override int Dims => _plan.Dims;

    public override (int D, int H, int W) SizeMultiple => _plan.Shrinkage;

    public override IEnumerable<string> RepeatsOf(string name) => NnUnetNames.RepeatsOf(name);

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        var maps = new Value[_encoder.Length];
        Value x = _stem.Forward(image);
        for (int s = 0; s < maps.Length; s++)
            maps[s] = x = image.Program.Tap($"encoder.{s}", _encoder[s].Forward(x));
        return _decoder.Forward(maps);
    }
}
