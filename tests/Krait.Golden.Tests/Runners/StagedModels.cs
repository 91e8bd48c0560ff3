using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Golden.Tests.Harness;
using Krait.Models;

namespace Krait.Golden.Tests.Runners;

/// <summary>Options of the networks that follow an nnU-Net plan, from the args of a case.</summary>
internal static class StagedModels
{
    public static JsonObject NnUnet(JsonElement args)
    {
        JsonObject options = Plan(args);
        options["convs"] = Copy(args, "n_conv_per_stage");
        options["convsDecoder"] = Copy(args, "n_conv_per_stage_decoder");
        return options;
    }

    public static JsonObject NnUnetResEnc(JsonElement args)
    {
        JsonObject options = Plan(args);
        options["blocks"] = Copy(args, "n_blocks_per_stage");
        options["convsDecoder"] = Copy(args, "n_conv_per_stage_decoder");
        return options;
    }

    public static JsonObject UMamba(JsonElement args)
    {
        ModelRunner.Require(args, args.Whole("d_state") == 16 && args.Whole("d_conv") == 4
            && args.Whole("ssm_expand") == 2 && args.Text("dt_rank") == "auto", "a Mamba of 16 states and 4 taps");
        JsonObject options = Plan(args);
        options["blocks"] = Copy(args, "n_conv_per_stage");
        options["blocksDecoder"] = Copy(args, "n_conv_per_stage_decoder");
        return options;
    }

    public static JsonObject UMambaEnc(JsonElement args)
    {
        JsonObject options = UMamba(args);
        options["patchSize"] = Copy(args, "input_size");
        return options;
    }

    /// <summary>What the constructors make of the plan is what the case says.</summary>
    public static void CheckUMamba(SegmentationModel model, JsonElement args)
    {
        var options = (UMambaOptions)model.Options;
        Assert.Equal(args.Wholes("n_blocks_per_stage_effective"), options.Blocks);
        Assert.Equal(args.Wholes("n_conv_per_stage_decoder_effective"), options.BlocksDecoder);
        if (!args.Has("mamba_layers"))
            return;
        var layers = args.Part("mamba_layers").EnumerateArray()
            .ToDictionary(l => l.Whole("stage"), l => l.Whole("d_model"));
        for (int s = 0; s < options.Features.Length; s++)
            Assert.Equal(layers.TryGetValue(s, out int width) ? width : 0,
                model.Store.Find($"encoder.mamba_layers.{s}.norm.weight")?.Shape.Width ?? 0);
    }

    static JsonObject Plan(JsonElement args)
    {
        ModelRunner.Require(args, args.Text("norm") == "instance" && args.Flag("norm_affine")
            && args.Real("norm_eps") == 1e-5 && args.Text("activation") == "leaky_relu"
            && args.Real("negative_slope") == 0.01 && args.Real("dropout") == 0,
            "instance norms with scale and shift, eps 1e-5, leaky ReLU of 0.01, no dropout");
        ModelRunner.Require(args, args.Wholes("features_per_stage").Length == args.Whole("n_stages"),
            "a width a stage");
        return new JsonObject
        {
            ["dims"] = args.Whole("dims"),
            ["features"] = Copy(args, "features_per_stage"),
            ["strides"] = Copy(args, "strides"),
            ["kernels"] = Copy(args, "kernel_sizes"),
            ["convBias"] = args.Flag("conv_bias"),
            ["deepSupervision"] = args.Flag("deep_supervision"),
        };
    }

    static JsonNode Copy(JsonElement args, string key) => JsonNode.Parse(args.Part(key).GetRawText())!;
}
