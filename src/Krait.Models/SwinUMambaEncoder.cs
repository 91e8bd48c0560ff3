using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>
/// The encoder of Swin-UMamba and Swin-UMamba dagger: patch embedding, then four stages of VSS blocks with patch
/// merging between them.
/// </summary>
/// <remarks>Liu et al., arXiv:2402.03302, figure 1; VMamba-Tiny, arXiv:2401.10166.</remarks>
sealed class SwinUMambaEncoder
{
    readonly PatchEmbed _patchEmbed;
    readonly VssStage[] _stages;
    readonly PatchMerging[] _merges;

    /// <param name="init">Starting values of convolutions from their fan-in, bias 0; null: PyTorch's default.</param>
    public SwinUMambaEncoder(Scope p, int inWidth, int patch, VssOptions options, Func<int, Initializer>? init = null)
    {
        int[] dims = options.StageWidths();
        float[][] rates = VssStage.Split(ModelOptions.DropPathRamp(options.DropPathRate, options.Depths.Sum()),
            options.Depths);
        _patchEmbed = new PatchEmbed(p / "patch_embed", inWidth, dims[0], patch, init);
        _stages = [.. dims.Select((c, i) =>
            new VssStage(p / "layers" / i, options.Block(c) with { Conv = init }, rates[i]))];
        _merges = [.. dims[..^1].Select((c, i) => new PatchMerging(p / "downsamples" / i, c))];
    }

    public IEnumerable<VssStage> Stages => _stages;

    /// <summary>The map after each stage: C channels after the patch embedding's size, 2 C at half of it, ...</summary>
    public Value[] Forward(Value x)
    {
        var after = new Value[_stages.Length];
        x = _patchEmbed.Forward(x);
        for (int i = 0; i < _stages.Length; i++)
        {
            after[i] = _stages[i].Forward(x);
            x = i < _merges.Length ? _merges[i].Forward(after[i]) : after[i];
        }
        return after;
    }
}
