using System.Text.Json.Nodes;

namespace Krait.Models;

/// <summary>A model that Krait has.</summary>
/// <param name="Id">Name for the command line.</param>
/// <param name="Title">The paper's name.</param>
/// <param name="Paper">Reference.</param>
/// <param name="Summary">One line on the architecture.</param>
/// <param name="Build">Makes the network from its options as JSON; null takes the defaults.</param>
public sealed record ModelInfo(string Id, string Title, string Paper, string Summary,
    Func<JsonObject?, SegmentationModel> Build)
{
    /// <summary>Default options.</summary>
    public JsonObject Defaults()
    {
        using SegmentationModel model = Build(null);
        return model.OptionsJson();
    }
}

/// <summary>All models by name. Registered here by hand, so that trimming keeps them.</summary>
public static class ModelRegistry
{
    const string SwinUMambaPaper =
        "Liu et al.: Swin-UMamba: Mamba-based UNet with ImageNet-based pretraining. arXiv:2402.03302";

    public static IReadOnlyList<ModelInfo> All { get; } =
    [
        new("vmunet", "VM-UNet", "Ruan, Xiang: VM-UNet: Vision Mamba UNet for Medical Image Segmentation. "
            + "arXiv:2402.02491", "VSS blocks in encoder and decoder, skips added",
            json => new VmUnet(VmUnetOptions.FromJson(json))),
        new("vmunetv2", "VM-UNetV2", "Zhang et al.: VM-UNet-V2: Rethinking Vision Mamba UNet for Medical Image "
            + "Segmentation. arXiv:2403.09157", "VSS encoder, CBAM, SDI fusion, transposed convolutions",
            json => new VmUnetV2(VmUnetV2Options.FromJson(json))),
        new("swin-umamba", "Swin-UMamba", SwinUMambaPaper, "VMamba encoder, UNETR blocks, transposed convolutions",
            json => new SwinUMamba(SwinUMambaOptions.FromJson(json))),
        new("swin-umamba-d", "Swin-UMamba†", SwinUMambaPaper, "VMamba encoder, decoder of VSS blocks, skips joined",
            json => new SwinUMambaD(SwinUMambaDOptions.FromJson(json))),
        new("lightm-unet", "LightM-UNet", "Liao et al.: LightM-UNet: Mamba Assists in Lightweight UNet for Medical "
            + "Image Segmentation. arXiv:2403.05246", "residual vision-Mamba layers, separable convolutions; 2-D and 3-D",
            json => new LightMUnet(LightMUnetOptions.FromJson(json))),
    ];

    /// <exception cref="ArgumentException">There is no such model.</exception>
    public static ModelInfo Find(string id) =>
        All.FirstOrDefault(m => m.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"model: must be one of {string.Join(", ", All.Select(m => m.Id))}; got '{id}'.");

    /// <summary>Builds a model with fresh weights drawn from the seed.</summary>
    /// <exception cref="ArgumentException">The model or an option is unknown, or an option breaks its rule.</exception>
    public static SegmentationModel Create(string id, JsonObject? options = null, ulong seed = 0)
    {
        SegmentationModel model = Find(id).Build(options);
        model.Store.Initialize(seed);
        return model;
    }
}
