using System.Text.Json.Nodes;
using System.Text.Json;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>Options of <see cref="VmUnet"/>; the defaults are those of the published configuration files.</summary>
public sealed record VmUnetOptions : ModelOptions
{
    /// <summary>VSS blocks of the four encoder stages.</summary>
    public int[] Depths { get; init; } = [2, 2, 2, 2];

    /// <summary>VSS blocks of the four decoder stages, deepest first.</summary>
    public int[] DepthsDecoder { get; init; } = [2, 2, 2, 1];

    /// <summary>C, channels of the first stage; each stage doubles them.</summary>
    public int Width { get; init; } = 96;

    /// <summary>N, states a channel.</summary>
    public int States { get; init; } = 16;

    public static VmUnetOptions FromJson(JsonObject? json) =>
        Parse("vmunet", json, OptionsJsonContext.Default.VmUnetOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.VmUnetOptions)!.AsObject();

    public VmUnetOptions Checked()
    {
        CheckCommon("vmunet");
        Require(Depths.Length == 4 && Depths.All(d => d >= 1), "vmunet", "depths are four numbers of at least 1",
            string.Join(",", Depths));
        Require(DepthsDecoder.Length == 4 && DepthsDecoder.All(d => d >= 1), "vmunet",
            "depthsDecoder are four numbers of at least 1", string.Join(",", DepthsDecoder));
        Require(Width >= 4 && Width % 4 == 0, "vmunet", "width is a positive multiple of 4", Width);
        Require(States >= 1, "vmunet", "states is at least 1", States);
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
        int[] dims = [c, 2 * c, 4 * c, 8 * c];
        float[] down = ModelOptions.DropPathRamp(options.DropPathRate, options.Depths.Sum());
        float[] up = [.. ModelOptions.DropPathRamp(options.DropPathRate, options.DepthsDecoder.Sum()).Reverse()];
        _encoder = new VssEncoder(p, options.InputChannels, options.Depths, dims, down, options.States);
        _decoder = new VssStage[4];
        for (int i = 0, block = 0; i < 4; block += options.DepthsDecoder[i], i++)
        {
            int width = dims[3 - i];
            PatchExpand? expand(Scope s) => i == 0 ? null : new PatchExpand(s / "upsample", 2 * width, 4 * width, 2);
            _decoder[i] = new VssStage(p / "layers_up" / i, width, up.AsSpan(block, options.DepthsDecoder[i]),
                options.States, before: expand);
        }
        _finalUp = new PatchExpand(p / "final_up", c, 4 * c, 4);
        _finalConv = new Conv(p / "final_conv", c / 4, options.Classes, 1);
        DropPathRates = Rates(options.Depths, down, "layers").Concat(Rates(options.DepthsDecoder, up, "layers_up"))
            .ToDictionary();
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

    internal static IEnumerable<KeyValuePair<string, float>> Rates(int[] depths, float[] rates, string stages)
    {
        int at = 0;
        for (int i = 0; i < depths.Length; i++)
            for (int b = 0; b < depths[i]; b++)
                yield return new($"vmunet.{stages}.{i}.blocks.{b}", rates[at++]);
    }
}
