using Krait.Weights;

namespace Krait.Models.PretrainedMaps;

/// <summary>Foreign checkpoints that a model can start from.</summary>
public static class Pretrained
{
    static readonly Dictionary<string, KeyMap> FromVMamba = new(StringComparer.OrdinalIgnoreCase)
    {
        ["vmunet"] = VmUnetPretrained.FromVMamba,
        ["vmunetv2"] = VmUnetV2Pretrained.FromVMamba,
        ["swin-umamba"] = SwinUMambaPretrained.FromVMamba,
        ["swin-umamba-d"] = SwinUMambaPretrained.VssDecoderFromVMamba,
    };

    /// <summary>Where the tensors of the file go in the model; null where the names are the model's own.</summary>
    /// <exception cref="WeightsException">It is a VMamba checkpoint and the model has no VMamba encoder.</exception>
    public static KeyMap? MapFor(string modelId, TensorFile file)
    {
        if (!VMambaCheckpoint.IsOne(file))
            return null;
        return FromVMamba.TryGetValue(modelId, out KeyMap? map) ? map : throw new WeightsException(
            $"load {file.FileName}: this is a VMamba classification checkpoint, and {modelId} has no encoder of "
            + $"VMamba's. Start {string.Join(", ", FromVMamba.Keys)} from it, or leave it out.");
    }
}
