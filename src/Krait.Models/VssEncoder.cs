using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>
/// The encoder that VM-UNet and VM-UNetV2 share: patch embedding to [B, H/4, W/4, C], then four stages of VSS blocks
/// with patch merging after all but the last.
/// </summary>
/// <remarks>VM-UNet, arXiv:2402.02491, figure 1a, left half.</remarks>
sealed class VssEncoder
{
    readonly PatchEmbed _patchEmbed;
    readonly VssStage[] _stages;

    public VssEncoder(Scope p, VssOptions options)
    {
        int[] dims = options.StageWidths();
        float[][] rates = VssStage.Split(ModelOptions.DropPathRamp(options.DropPathRate, options.Depths.Sum()),
            options.Depths);
        _patchEmbed = new PatchEmbed(p / "patch_embed", options.InputChannels, dims[0]);
        _stages = [.. dims.Select((c, i) => new VssStage(p / "layers" / i, options.Block(c), rates[i],
            after: i == dims.Length - 1 ? null : s => new PatchMerging(s / "downsample", c)))];
    }

    public IEnumerable<VssStage> Stages => _stages;

    /// <summary>The deepest map, and the map before each stage: [B, H/4, W/4, C], [B, H/8, W/8, 2 C], ...</summary>
    public (Value Deepest, Value[] BeforeStage) Forward(Value image)
    {
        var before = new Value[_stages.Length];
        Value x = _patchEmbed.Forward(image);
        for (int i = 0; i < _stages.Length; i++)
        {
            before[i] = x;
            x = _stages[i].Forward(x);
        }
        return (x, before);
    }
}

/// <summary>VSS blocks of one width, with a layer before them (expanding) or after them (merging).</summary>
sealed class VssStage : Layer
{
    readonly VssBlock[] _blocks;
    readonly float[] _dropPath;
    readonly Layer? _before;
    readonly Layer? _after;

    public VssStage(Scope p, Ss2dOptions block, float[] dropPath, Func<Scope, Layer>? after = null,
        Func<Scope, Layer>? before = null) : base(p)
    {
        _dropPath = dropPath;
        _blocks = [.. dropPath.Select((rate, i) => new VssBlock(p / "blocks" / i, block, rate))];
        _before = before?.Invoke(p);
        _after = after?.Invoke(p);
    }

    /// <summary>Stochastic-depth rate of each block, by path.</summary>
    public static IReadOnlyDictionary<string, float> Rates(IEnumerable<VssStage> stages) => stages
        .SelectMany(s => s._dropPath.Select((rate, b) => KeyValuePair.Create($"{s.Path}.blocks.{b}", rate)))
        .ToDictionary();

    /// <summary>The rates of all blocks, stage by stage.</summary>
    public static float[][] Split(float[] rates, int[] depths) =>
        [.. depths.Select((depth, i) => rates[depths[..i].Sum()..][..depth])];

    protected override Value Trace(Value x)
    {
        if (_before is not null)
            x = _before.Forward(x);
        foreach (VssBlock block in _blocks)
            x = block.Forward(x);
        return _after is null ? x : _after.Forward(x);
    }
}
