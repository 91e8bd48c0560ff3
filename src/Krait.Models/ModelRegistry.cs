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
    const string UMambaPaper = "Ma, Li, Wang: U-Mamba: Enhancing Long-range Dependency for Biomedical Image "
        + "Segmentation. arXiv:2401.04722";

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
            + "Image Segmentation. arXiv:2403.05246",
            "residual vision-Mamba layers, separable convolutions; 2-D and 3-D",
            json => new LightMUnet(LightMUnetOptions.FromJson(json))),
        new("nnunet", "nnU-Net", "Isensee et al.: nnU-Net: a self-configuring method for deep learning-based "
            + "biomedical image segmentation. Nature Methods 18, 203-211 (2021)",
            "the plain U-Net of nnU-Net in 2-D or 3-D: convolutions with instance norm, deep supervision",
            json => new NnUnet(NnUnetOptions.FromJson(json))),
        new("nnunet-resenc", "nnU-Net ResEnc", "Isensee et al.: nnU-Net Revisited. arXiv:2404.09556",
            "nnU-Net with residual blocks in the encoder, in 2-D or 3-D, deep supervision",
            json => new NnUnetResEnc(NnUnetResEncOptions.FromJson(json))),
        new("umamba-bot", "U-Mamba Bot", UMambaPaper,
            "a residual U-Net with Mamba at its deepest map, in 2-D or 3-D, deep supervision",
            json => new UMambaBot(UMambaBotOptions.FromJson(json))),
        new("umamba-enc", "U-Mamba Enc", UMambaPaper,
            "a residual U-Net with Mamba in the encoder, in 2-D or 3-D, deep supervision",
            json => new UMambaEnc(UMambaEncOptions.FromJson(json))),
        new("unet", "U-Net", "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image "
            + "Segmentation. arXiv:1505.04597", "the classic: four halvings, 32 to 512 channels, BatchNorm",
            json => new Unet(UnetOptions.FromJson(json))),
        new("unetv2", "U-Net v2", "Peng, Sonka, Chen: U-Net v2: Rethinking the Skip Connections of U-Net for Medical "
            + "Image Segmentation. arXiv:2311.17791", "PVT v2 encoder, CBAM, SDI fusion, deep supervision",
            json => new UnetV2(UnetV2Options.FromJson(json))),
    ];

    /// <exception cref="ArgumentException">There is no such model.</exception>
    public static ModelInfo Find(string id) =>
        All.FirstOrDefault(m => m.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"model: must be one of {string.Join(", ", All.Select(m => m.Id))}; got " +
            $"'{id}'.");

    /// <summary>Builds a model with fresh weights drawn from the seed.</summary>
    /// <param name="size">
    /// Of the inputs in training, one number an axis: decides shapes that depend on it where the options do not.
    /// </param>
    /// <exception cref="ArgumentException">The model or an option is unknown, or an option breaks its rule.</exception>
    public static SegmentationModel Create(string id, JsonObject? options = null, ulong seed = 0,
        IReadOnlyList<int>? size = null)
    {
        ModelInfo info = Find(id);
        SegmentationModel model = info.Build(options);
        if (size is not null && model.Options.ForInput(size) is { } planned && !ReferenceEquals(planned, model.Options))
        {
            model.Dispose();
            model = info.Build(planned.ToJson());
        }
        model.Store.Initialize(seed);
        return model;
    }
}
