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

    public VssEncoder(Scope p, int inputChannels, IReadOnlyList<int> depths, IReadOnlyList<int> dims,
        ReadOnlySpan<float> dropPath, int states)
    {
        _patchEmbed = new PatchEmbed(p / "patch_embed", inputChannels, dims[0]);
        _stages = new VssStage[depths.Count];
        int block = 0;
        for (int i = 0; i < depths.Count; i++)
        {
            PatchMerging? merge(Scope s) => i < depths.Count - 1 ? new PatchMerging(s / "downsample", dims[i]) : null;
            _stages[i] = new VssStage(p / "layers" / i, dims[i], dropPath.Slice(block, depths[i]), states, merge);
            block += depths[i];
        }
    }

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
    readonly Layer? _before;
    readonly Layer? _after;

    public VssStage(Scope p, int width, ReadOnlySpan<float> dropPath, int states, Func<Scope, Layer?>? after = null,
        Func<Scope, Layer?>? before = null) : base(p)
    {
        _blocks = new VssBlock[dropPath.Length];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = new VssBlock(p / "blocks" / i, new Ss2dOptions(width, states), dropPath[i]);
        _before = before?.Invoke(p);
        _after = after?.Invoke(p);
    }

    public IEnumerable<VssBlock> Blocks => _blocks;

    protected override Value Trace(Value x)
    {
        if (_before is not null)
            x = _before.Forward(x);
        foreach (VssBlock block in _blocks)
            x = block.Forward(x);
        return _after is null ? x : _after.Forward(x);
    }
}
