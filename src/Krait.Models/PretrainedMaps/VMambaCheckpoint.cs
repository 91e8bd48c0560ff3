using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Krait.Weights;

namespace Krait.Models.PretrainedMaps;

/// <summary>What the maps from VMamba classification checkpoints have in common.</summary>
static partial class VMambaCheckpoint
{
    /// <summary>
    /// Whether the names are those of a VMamba classification network: blocks that stand below no network of ours.
    /// </summary>
    public static bool IsOne(TensorFile file) => file.Tensors.Any(t => FirstBlock().IsMatch(t.Name));

    /// <summary>Later releases of VMamba renamed modules; the names of the first one are the common spelling.</summary>
    public static ImmutableArray<KeyAlias> Aliases { get; } =
    [
        new(@"^classifier\.", ""),
        new(@"^patch_embed\.0\.", "patch_embed.proj."),
        new(@"^patch_embed\.2\.", "patch_embed.norm."),
        new(@"^(layers\.\d+\.blocks\.\d+)\.norm\.", "$1.ln_1."),
        new(@"^(layers\.\d+\.blocks\.\d+)\.op\.", "$1.self_attention."),
    ];

    /// <summary>Norm and head of the classifier, which no segmentation network has.</summary>
    public static KeyRule SkipClassifier { get; } = KeyRule.Skip(@"^(norm|head)\.", "head of the classifier");

    public static ImmutableArray<KeyNote> DeeperBlocks { get; } =
    [
        new(@"^layers\.\d+\.blocks\.\d+\.(ln_1|self_attention)\.",
            "the model has fewer blocks in this stage, or no scan"),
    ];

    [GeneratedRegex(@"^((?!vmunet\.|vssm_encoder\.)\w+\.)*layers\.0\.blocks\.0\.(self_attention|op)\.in_proj\.weight$",
        RegexOptions.CultureInvariant)]
    private static partial Regex FirstBlock();
}
