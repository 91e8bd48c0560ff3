using Krait.Weights;

namespace Krait.Models.PretrainedMaps;

/// <summary>
/// VM-UNet from VMamba: the encoder by name; the decoder takes the blocks of the mirrored encoder stage.
/// </summary>
public static class VmUnetPretrained
{
    public static KeyMap FromVMamba { get; } = new("VMamba to VM-UNet")
    {
        Aliases = VMambaCheckpoint.Aliases,
        Rules =
        [
            VMambaCheckpoint.SkipClassifier,
            KeyRule.Rename(@"^layers\.0\.blocks\.", "vmunet.layers.0.blocks.", "vmunet.layers_up.3.blocks."),
            KeyRule.Rename(@"^layers\.1\.blocks\.", "vmunet.layers.1.blocks.", "vmunet.layers_up.2.blocks."),
            KeyRule.Rename(@"^layers\.2\.blocks\.", "vmunet.layers.2.blocks.", "vmunet.layers_up.1.blocks."),
            KeyRule.Rename(@"^layers\.3\.blocks\.", "vmunet.layers.3.blocks.", "vmunet.layers_up.0.blocks."),
            KeyRule.Rename(@"^(patch_embed|layers)\.", "vmunet.$1."),
        ],
        Surplus = VMambaCheckpoint.DeeperBlocks,
        Fresh =
        [
            new(@"^vmunet\.(layers_up\.\d+\.upsample|final_up|final_conv)\.", "not in a VMamba checkpoint"),
            new(@"^vmunet\.layers_up\.\d+\.blocks\.", "decoder deeper than the checkpoint's stage"),
        ],
    };
}
