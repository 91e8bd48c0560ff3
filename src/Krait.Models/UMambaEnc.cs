using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>Options of <see cref="UMambaEnc"/>.</summary>
public sealed record UMambaEncOptions : UMambaOptions
{
    /// <summary>
    /// The plan's patch along each axis, on which the shapes of the Mamba layers depend: a map of this patch with no
    /// more positions than channels has channels as tokens. Empty: positions are the tokens in every stage, and no
    /// weight depends on the size.
    /// </summary>
    public int[] PatchSize { get; init; } = [];

    public static UMambaEncOptions FromJson(JsonObject? json) =>
        Parse("umamba-enc", json, OptionsJsonContext.Default.UMambaEncOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.UMambaEncOptions)!.AsObject();

    public UMambaEncOptions Checked()
    {
        UMambaEncOptions planned = PlannedBlocks<UMambaEncOptions>("umamba-enc");
        if (PatchSize.Length == 0)
            return planned;
        int[] multiple = planned.Multiple;
        Require(PatchSize.Length == Dims && PatchSize.Zip(multiple).All(x => x.First >= 1 && x.First % x.Second == 0),
            "umamba-enc", $"patchSize is empty or {Dims} multiples of {Text(multiple)}", Text(PatchSize));
        return planned;
    }

    /// <summary>The size, rounded up to what the stages can halve, is the patch.</summary>
    public override ModelOptions ForInput(IReadOnlyList<int> size) => PatchSize.Length > 0 || size.Count != Dims
        ? this
        : this with { PatchSize = [.. size.Zip(Multiple).Select(x => (x.First + x.Second - 1) / x.Second * x.Second)] };

    int[] Multiple => [.. Enumerable.Range(0, Dims).Select(axis => Strides.Aggregate(1, (n, s) => n * s[axis]))];

    /// <summary>Positions of stage s's map where its channels are the tokens; 0 where positions are.</summary>
    internal int ChannelTokens(int stage)
    {
        if (PatchSize.Length == 0)
            return 0;
        long positions = 1;
        for (int axis = 0; axis < Dims; axis++)
            positions *= Strides.Take(stage + 1).Aggregate(PatchSize[axis], (n, s) => n / s[axis]);
        return positions <= Features[stage] ? (int)positions : 0;
    }
}

/// <summary>
/// U-Mamba with Mamba in the encoder, in 2-D or 3-D: LayerNorm and a one-dimensional Mamba after stages of a residual
/// U-Net's encoder.
/// </summary>
/// <remarks>
/// Ma, Li, Wang, arXiv:2401.04722, section 2. Parity: 2-D has Mamba after every other stage only, counted from the
/// deepest (the paper: after each); where a map of the patch has no more positions than channels, channels are the
/// tokens, so such a network runs on whole patches: larger pictures are cut into patches side by side.
/// </remarks>
public sealed class UMambaEnc : SegmentationModel
{
    readonly UMambaEncOptions _plan;
    readonly UMambaBody _body;
    readonly TokenMamba?[] _mambas;

    public UMambaEnc(UMambaEncOptions options) : base("umamba-enc", options.Checked())
    {
        UMambaEncOptions o = _plan = (UMambaEncOptions)Options;
        _mambas = new TokenMamba?[o.Stages];
        _body = new UMambaBody(new Scope(Store), o, afterStem: encoder =>
        {
            for (int s = 0; s < o.Stages; s++)
                if (o.Dims == 3 || (o.Stages - 1 - s) % 2 == 0)
                    _mambas[s] = new TokenMamba(encoder / "mamba_layers" / s, o.Features[s], o.ChannelTokens(s),
                        o.Scan);
        });
    }

    public override int Dims => _plan.Dims;

    public override (int D, int H, int W) SizeMultiple => IsBoundToPatch ? Patch : _plan.Shrinkage;

    public override IEnumerable<string> RepeatsOf(string name) => NnUnetNames.RepeatsOf(name);

    bool IsBoundToPatch =>
        Enumerable.Range(0, _plan.Stages).Any(s => _mambas[s] is not null && _plan.ChannelTokens(s) > 0);

    (int D, int H, int W) Patch => (Dims == 3 ? _plan.PatchSize[0] : 1, _plan.PatchSize[^2], _plan.PatchSize[^1]);

    protected override IReadOnlyList<Value> Trace(Value image) =>
        !IsBoundToPatch || image.Shape.Spatial == Patch ? TracePatch(image) : [TracePatches(image)];

    IReadOnlyList<Value> TracePatch(Value image) =>
        _body.Decode(_body.Encode(image, (s, x) => _mambas[s]?.Forward(x) ?? x));

    /// <summary>Patches side by side; the finest logits of each put into their place.</summary>
    Value TracePatches(Value image)
    {
        (int depth, int height, int width) = image.Shape.Spatial;
        (int D, int H, int W) p = Patch;
        Value? logits = null;
        for (int d = 0; d < depth; d += p.D)
            for (int h = 0; h < height; h += p.H)
                for (int w = 0; w < width; w += p.W)
                {
                    Value patch = TracePatch(Window.Apply(image, (d, h, w), p))[0];
                    Value placed = Window.Apply(patch, (-d, -h, -w), (depth, height, width));
                    logits = logits is null ? placed : Add.Apply(logits, placed);
                }
        return logits!;
    }
}
