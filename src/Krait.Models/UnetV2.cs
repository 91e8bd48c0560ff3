using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Options of <see cref="UnetV2"/>; the defaults are those of the published code with PVTv2-b2.</summary>
public sealed record UnetV2Options : ModelOptions
{
    /// <summary>Channels of the encoder's four stages.</summary>
    public int[] Widths { get; init; } = [64, 128, 320, 512];

    /// <summary>Heads of the attention in each stage.</summary>
    public int[] Heads { get; init; } = [1, 2, 5, 8];

    /// <summary>Blocks of each stage.</summary>
    public int[] Depths { get; init; } = [3, 4, 6, 3];

    /// <summary>Widening of the MLPs in each stage.</summary>
    public int[] MlpRatios { get; init; } = [8, 8, 4, 4];

    /// <summary>Side of the windows that make one key of the attention in each stage.</summary>
    public int[] Reductions { get; init; } = [8, 4, 2, 1];

    /// <summary>Whether queries, keys and values have a bias.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Channels of the decoder.</summary>
    public int MidChannels { get; init; } = 32;

    /// <summary>Whether all four scales yield logits in training.</summary>
    public bool DeepSupervision { get; init; } = true;

    /// <summary>Largest stochastic-depth rate of the encoder; blocks get their share by depth.</summary>
    public float DropPathRate { get; init; } = 0.1f;

    public static UnetV2Options FromJson(JsonObject? json) =>
        Parse("unetv2", json, OptionsJsonContext.Default.UnetV2Options).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.UnetV2Options)!.AsObject();

    public UnetV2Options Checked()
    {
        CheckCommon("unetv2");
        CheckFour("widths", Widths, 16, MostChannels, " (channel attention divides them by 16)");
        CheckFour("heads", Heads, 1, MostChannels);
        CheckFour("depths", Depths, 1, MostBlocks);
        CheckFour("mlpRatios", MlpRatios, 1, 64);
        CheckFour("reductions", Reductions, 1, 8);
        Require(Widths.Zip(Heads).All(x => x.First % x.Second == 0), "unetv2", "heads divide widths",
            $"{string.Join(",", Heads)} and {string.Join(",", Widths)}");
        Require(Reductions.Select((r, i) => r <= 8 >> i).All(fits => fits), "unetv2",
            "reductions are at most 8, 4, 2, 1, so that the smallest picture has a key", string.Join(",", Reductions));
        CheckChannels("unetv2", "midChannels", MidChannels);
        Require(DropPathRate is >= 0 and < 1, "unetv2", "dropPathRate lies in [0, 1)", DropPathRate);
        return this;
    }

    internal PvtStageOptions[] Stages => [.. Enumerable.Range(0, 4).Select(i =>
        new PvtStageOptions(Widths[i], Heads[i], Depths[i], MlpRatios[i], Reductions[i]))];

    static void CheckFour(string name, int[] numbers, int least, int most, string why = "") => Require(
        numbers.Length == 4 && numbers.All(n => n >= least && n <= most), "unetv2",
        $"{name} are four numbers from {least} to {most}{why}", string.Join(",", numbers));
}

/// <summary>
/// U-Net v2: the maps of a pyramid vision transformer pass channel and spatial attention and a 1x1 convolution to M
/// channels; four SDI modules join all maps at each size; transposed convolutions lead up, with additions; the logits
/// of every scale are resized by four.
/// </summary>
/// <remarks>
/// Peng, Sonka, Chen, arXiv:2311.17791, figure 1. Where the published code fails (sides of unequal length) the evident
/// meaning is taken: sizes per side.
/// </remarks>
public sealed class UnetV2 : SegmentationModel
{
    readonly PvtV2 _encoder;
    readonly SdiDecoder _decoder;
    readonly bool _isSupervised;

    public UnetV2(UnetV2Options options) : base("unetv2", options.Checked())
    {
        var p = new Scope(Store);
        _isSupervised = options.DeepSupervision;
        _encoder = new PvtV2(p / "encoder" / "backbone", options.InputChannels, options.Stages, options.QkvBias,
            options.DropPathRate);
        _decoder = new SdiDecoder(p, options.Widths, options.MidChannels, options.Classes);
        DropPathRates = _encoder.DropPathRates.ToDictionary();
    }

    public override (int D, int H, int W) SizeMultiple => (1, 32, 32);

    public override IReadOnlyDictionary<string, float> DropPathRates { get; }

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        Value[] maps = _encoder.Forward(image);                                         // H/4 ... H/32
        for (int i = 0; i < maps.Length; i++)
            image.Program.Tap($"encoder.{i}", maps[i]);
        Value[] logits = [.. _decoder.Forward(maps).Select(SdiDecoder.FourTimes)];      // H ... H/8
        return _isSupervised ? logits : [logits[0]];
    }
}
