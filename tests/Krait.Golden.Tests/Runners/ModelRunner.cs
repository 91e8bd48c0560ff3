using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Golden.Tests.Harness;
using Krait.Models;

namespace Krait.Golden.Tests.Runners;

/// <summary>model.*: whole networks.</summary>
internal static class ModelRunner
{
    public static void Run(RunContext context)
    {
        using SegmentationModel model = Create(context.Case.Kind, context.Case.Args);
        using var traced = new TracedCase(context, model);
        traced.Check([.. model.Outputs(traced.Input())]);
    }

    /// <summary>The network that a case's kind and args describe, with values still to be loaded.</summary>
    public static SegmentationModel Create(string kind, JsonElement args)
    {
        (string id, JsonObject options) = kind switch
        {
            "model.vmunet" => ("vmunet", VmUnet(args)),
            "model.vmunetv2" => ("vmunetv2", VmUnetV2(args)),
            "model.swin_umamba" => ("swin-umamba", SwinUMamba(args)),
            "model.swin_umamba_d" => ("swin-umamba-d", SwinUMambaD(args)),
            "model.lightm_unet" => ("lightm-unet", LightMUnet(args)),
            "model.nnunet_plain" => ("nnunet", StagedModels.NnUnet(args)),
            "model.nnunet_resenc" => ("nnunet-resenc", StagedModels.NnUnetResEnc(args)),
            "model.umamba_bot" => ("umamba-bot", StagedModels.UMamba(args)),
            "model.umamba_enc" => ("umamba-enc", StagedModels.UMambaEnc(args)),
            "model.unetv2" => ("unetv2", UnetV2(args)),
            _ => throw new NotSupportedException($"{kind} is no network that Krait has."),
        };
        options["inputChannels"] = args.Whole(args.Has("input_channels") ? "input_channels" : "in_channels");
        options["classes"] = args.Whole("num_classes");
        SegmentationModel model = ModelRegistry.Create(id, options);
        if (model.Options is UMambaOptions)
            StagedModels.CheckUMamba(model, args);
        return model;
    }

    static JsonObject UnetV2(JsonElement args)
    {
        Require(args, args.Whole("patch_size") == 4 && args.Real("norm_eps") == 1e-6 && args.Whole("dims") == 2,
            "patches of 4, eps 1e-6");
        return new JsonObject
        {
            ["widths"] = Array(args.Wholes("embed_dims")),
            ["heads"] = Array(args.Wholes("num_heads")),
            ["depths"] = Array(args.Wholes("depths")),
            ["mlpRatios"] = Array(args.Wholes("mlp_ratios")),
            ["reductions"] = Array(args.Wholes("sr_ratios")),
            ["qkvBias"] = args.Flag("qkv_bias"),
            ["midChannels"] = args.Whole("channel"),
            ["deepSupervision"] = args.Flag("deep_supervision"),
            ["dropPathRate"] = args.Real("drop_path_rate"),
        };
    }

    static JsonObject VmUnet(JsonElement args)
    {
        Require(args, args.Wholes("patch_size").All(p => p == 4), "patches of 4");
        JsonObject options = Vss(args, "dims", "depths");
        options["depthsDecoder"] = Array(args.Wholes("depths_decoder"));
        return options;
    }

    static JsonObject VmUnetV2(JsonElement args)
    {
        Require(args, args.Wholes("patch_size").All(p => p == 4), "patches of 4");
        JsonObject options = Vss(args, "dims", "depths");
        options["midChannels"] = args.Whole("mid_channel");
        options["deepSupervision"] = args.Flag("deep_supervision");
        return options;
    }

    static JsonObject SwinUMamba(JsonElement args)
    {
        int[] widths = args.Wholes("feat_size");
        Require(args, widths[1..].SequenceEqual(args.Wholes("encoder_dims")) && args.Whole("hidden_size") == widths[^1],
            "an encoder as wide as the decoder");
        Require(args, args.Wholes("stem_kernel").All(k => k == 7) && args.Wholes("stem_stride").All(s => s == 2)
            && args.Wholes("stem_padding").All(p => p == 3) && args.Text("stem_norm") == "instance"
            && args.Flag("stem_norm_affine") && args.Wholes("patch_size").All(p => p == 2), "a 7x7 stem, patches of 2");
        Require(args, args.Flag("res_block") && args.Text("res_block_norm") == "instance"
            && !args.Flag("res_block_norm_affine") && args.Real("res_block_norm_eps") == 1e-5
            && args.Text("res_block_activation") == "leaky_relu" && args.Real("res_block_negative_slope") == 0.01
            && args.Wholes("upsample_kernel").All(k => k == 2), "residual blocks with instance norm and leaky ReLU");
        JsonObject options = Vss(args, "encoder_dims", "encoder_depths");
        options["stemWidth"] = widths[0];
        options["deepSupervision"] = args.Flag("deep_supervision");
        return options;
    }

    static JsonObject SwinUMambaD(JsonElement args)
    {
        Require(args, args.Wholes("dims_per_stage").SequenceEqual(args.Wholes("features_per_stage"))
            && args.Wholes("patch_size").All(p => p == 4) && args.Whole("final_expand") == 4,
            "a decoder as wide as the encoder, patches of 4");
        JsonObject options = Vss(args, "dims_per_stage", "depths");
        options["deepSupervision"] = args.Flag("deep_supervision");
        return options;
    }

    static JsonObject LightMUnet(JsonElement args)
    {
        Require(args, args.Text("norm") == "group" && args.Real("norm_eps") == 1e-5
            && args.Real("layer_norm_eps") == 1e-5, "group norms, eps 1e-5");
        Require(args, args.Text("activation") == "relu" && args.Real("dropout") == 0, "ReLU, no dropout");
        Require(args, args.Text("upsample_mode") == "nontrainable" && args.Whole("upsample_scale") == 2
            && !args.Flag("upsample_align_corners") && args.Text("upsample_interpolation").EndsWith("linear", Ordinal)
            && args.Flag("use_conv_final"), "linear upsampling, a last convolution");
        Require(args, args.Whole("d_conv") == 4 && args.Whole("ssm_expand") == 2,
            "a Mamba of 4 taps that doubles widths");
        return new JsonObject
        {
            ["dims"] = args.Whole("dims"),
            ["width"] = args.Whole("init_filters"),
            ["depths"] = Array(args.Wholes("blocks_down")),
            ["depthsDecoder"] = Array(args.Wholes("blocks_up")),
            ["groups"] = args.Whole("norm_groups"),
            ["states"] = args.Whole("d_state"),
        };
    }

    /// <summary>What all networks of VSS blocks are told.</summary>
    static JsonObject Vss(JsonElement args, string widths, string depths)
    {
        int[] dims = args.Wholes(widths);
        Require(args, dims.Select((d, i) => d == dims[0] << i).All(doubles => doubles), "widths that double");
        Require(args, args.Whole("ssm_expand") == 2 && args.Whole("d_conv") == 3 && args.Real("norm_eps") == 1e-5,
            "VSS blocks that double widths, 3 taps, eps 1e-5");
        return new JsonObject
        {
            ["depths"] = Array(args.Wholes(depths)),
            ["width"] = dims[0],
            ["states"] = args.Whole("d_state"),
            ["dropPathRate"] = args.Real("drop_path_rate"),
        };
    }

    const StringComparison Ordinal = StringComparison.Ordinal;

    internal static void Require(JsonElement args, bool holds, string published)
    {
        if (!holds)
            throw new NotSupportedException($"not a published network, which has {published}: {args}");
    }

    static JsonArray Array(int[] numbers) => [.. numbers.Select(n => (JsonNode)n)];
}
