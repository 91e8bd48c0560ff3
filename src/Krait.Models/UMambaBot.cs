using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>Options of <see cref="UMambaBot"/>.</summary>
public sealed record UMambaBotOptions : UMambaOptions
{
    public static UMambaBotOptions FromJson(JsonObject? json) =>
        Parse("umamba-bot", json, OptionsJsonContext.Default.UMambaBotOptions).Checked();

    public override JsonObject ToJson() =>
        JsonSerializer.SerializeToNode(this, OptionsJsonContext.Default.UMambaBotOptions)!.AsObject();

    public UMambaBotOptions Checked() => PlannedBlocks<UMambaBotOptions>("umamba-bot");
}

/// <summary>
/// U-Mamba with Mamba in the bottleneck, in 2-D or 3-D: a residual U-Net whose deepest map passes LayerNorm and a
/// one-dimensional Mamba over all its positions.
/// </summary>
/// <remarks>
/// Ma, Li, Wang, arXiv:2401.04722, section 2. Parity: in 2-D the finest stage of the decoder does not see the encoder's
/// map.
/// </remarks>
public sealed class UMambaBot : SegmentationModel
{
    readonly UMambaBotOptions _plan;
    readonly UMambaBody _body;
    readonly TokenMamba _bottleneck;

    public UMambaBot(UMambaBotOptions options) : base("umamba-bot", options.Checked())
    {
        UMambaBotOptions o = _plan = (UMambaBotOptions)Options;
        var p = new Scope(Store);
        TokenMamba? bottleneck = null;
        _body = new UMambaBody(p, o, beforeDecoder: () => bottleneck =
            new TokenMamba(p / "mamba_layer", o.Features[^1], positions: 0, o.Scan));
        _bottleneck = bottleneck!;
    }

    public override int Dims => _plan.Dims;

    public override (int D, int H, int W) SizeMultiple => _plan.Shrinkage;

    public override IEnumerable<string> RepeatsOf(string name) => NnUnetNames.RepeatsOf(name);

    protected override IReadOnlyList<Value> Trace(Value image)
    {
        Value[] maps = _body.Encode(image, (_, x) => x);
        maps[^1] = _bottleneck.Forward(maps[^1]);
        return _body.Decode(maps);
    }
}
