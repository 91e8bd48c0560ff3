using System.Collections.Immutable;
using Krait.Weights;

namespace Krait.Models.PretrainedMaps;

/// <summary>Swin-UMamba and its variant with a VSS decoder from VMamba: the encoder only.</summary>
public static class SwinUMambaPretrained
{
    const string NotThere = "not in a VMamba checkpoint";

    static readonly ImmutableArray<KeyRule> Encoder =
    [
        VMambaCheckpoint.SkipClassifier,
        KeyRule.Rename(@"^layers\.(\d+)\.downsample\.", "vssm_encoder.downsamples.$1."),
        KeyRule.Rename(@"^(patch_embed|layers)\.", "vssm_encoder.$1."),
    ];

    /// <summary>Swin-UMamba: its own stem takes the place of the patch embedding.</summary>
    /// <remarks>
    /// Parity: the published loader leaves out the patch embedding but for the bias of its norm (its list names the
    /// weight twice). The paper means all of it to be left out.
    /// </remarks>
    public static KeyMap FromVMamba { get; } = new("VMamba to Swin-UMamba")
    {
        Aliases = VMambaCheckpoint.Aliases,
        Rules =
        [
            KeyRule.Skip(@"^patch_embed\.(proj\.|norm\.weight$)", "the model has a stem of its own"),
            .. Encoder,
        ],
        Surplus = VMambaCheckpoint.DeeperBlocks,
        Fresh =
        [
            new(@"^vssm_encoder\.patch_embed\.(proj\.|norm\.weight$)", "the model has a stem of its own"),
            new(@"^(?!vssm_encoder\.)", NotThere),
        ],
    };

    /// <summary>The variant with a VSS decoder: the patch embedding too, where the input channels agree.</summary>
    public static KeyMap VssDecoderFromVMamba { get; } = new("VMamba to Swin-UMamba-D")
    {
        Aliases = VMambaCheckpoint.Aliases,
        Rules = Encoder,
        Surplus = VMambaCheckpoint.DeeperBlocks,
        AllOrNone = [new(@"^patch_embed\.", "other input channels than the checkpoint's")],
        Fresh = [new(@"^(?!vssm_encoder\.)", NotThere)],
    };
}
