using Krait.Weights;

namespace Krait.Models.PretrainedMaps;

/// <summary>VM-UNetV2 from VMamba: the encoder by name; attention, SDI and outputs start anew.</summary>
public static class VmUnetV2Pretrained
{
    public static KeyMap FromVMamba { get; } = new("VMamba to VM-UNetV2")
    {
        Aliases = VMambaCheckpoint.Aliases,
        Rules =
        [
            VMambaCheckpoint.SkipClassifier,
            KeyRule.Rename(@"^(patch_embed|layers)\.", "vmunet.$1."),
        ],
        Surplus = VMambaCheckpoint.DeeperBlocks,
        Fresh = [new(@"^(?!vmunet\.(patch_embed|layers)\.)", "not in a VMamba checkpoint")],
    };
}
