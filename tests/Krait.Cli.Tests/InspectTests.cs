using System.Text.Json.Nodes;

namespace Krait.Cli.Tests;

public sealed class InspectTests
{
    static readonly JsonNode Facts = JsonNode.Parse(File.ReadAllText(GoldenFolder.PathOf("model_facts.json")))!;

    [Theory]
    [InlineData("VMUNet_2222_2221_c1", "1x3x256x256", "vmunet")]
    [InlineData("VMUNet_2222_2221_c9", "1x3x224x224", "vmunet", "--classes", "9", "--size", "224")]
    [InlineData("VMUNet_2292_2922_c1", "1x3x256x256", "vmunet", "--option", "depths=[2,2,9,2]", "--option",
        "depthsDecoder=[2,9,2,2]")]
    [InlineData("VMUNetV2_2292_ds", "1x3x256x256", "vmunetv2")]
    [InlineData("VMUNetV2_2222_ds", "1x3x256x256", "vmunetv2", "--option", "depths=[2,2,2,2]")]
    [InlineData("SwinUMamba_in1_out14", "1x1x320x320", "swin-umamba", "--channels", "1", "--classes", "14", "--size",
        "320")]
    [InlineData("SwinUMambaD_in3_out8", "1x3x384x640", "swin-umamba-d", "--classes", "8", "--size", "384x640")]
    [InlineData("LightMUNet3d_f32_in1_out3", "1x1x64x64x64", "lightm-unet", "--channels", "1", "--classes", "3",
        "--size", "64x64x64")]
    [InlineData("nnUNet_PlainConvUNet2d", "1x1x320x320", "nnunet", "--classes", "14", "--channels", "1", "--size",
        "320")]
    [InlineData("nnUNet_PlainConvUNet3d", "1x1x40x224x192", "nnunet", "--classes", "14", "--channels", "1", "--size",
        "40x224x192")]
    [InlineData("UMambaBot3d", "1x1x40x224x192", "umamba-bot", "--classes", "14", "--channels", "1", "--dims", "3",
        "--size", "40x224x192")]
    [InlineData("UMambaEnc2d", "1x1x320x320", "umamba-enc", "--classes", "14", "--channels", "1", "--size", "320")]
    public void Parameters_and_multiply_adds_are_those_of_the_published_code(
        string key, string shape, params string[] args)
    {
        CliRun run = CliRun.Of(["inspect", .. args, "--json"]);
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Success, run.Code);
        JsonNode shown = JsonNode.Parse(run.Output)!, fact = Facts["models"]![key]!;
        JsonNode macs = fact["macs"]![shape]!, parts = macs["parts"]!;
        Assert.Equal((long)fact["parameters"]!, (long)shown["parameters"]!);
        Assert.Equal((long)macs["total_with_scan_formula"]!, (long)shown["macs"]!);
        Assert.Equal((long)macs["total_without_scan"]!, (long)shown["macs_without_scan"]!);
        JsonNode classes = shown["macs_by_class"]!;
        long Part(string part) => (long?)parts[part] ?? 0;
        Assert.Equal(Part("linear"), (long)classes["linear"]!);
        Assert.Equal(Part("einsum"), (long)classes["einsum"]!);
        Assert.Equal(Part("functional_matmul"), (long)classes["matmul"]!);
        Assert.Equal(Part("scan_fn"), (long)classes["scan"]!);
        Assert.Equal(Part("conv") + Part("conv_transpose"), (long)classes["conv"]!);
        JsonObject rates = fact["drop_path_rates"]?.AsObject() ?? [], shownRates = shown["drop_path_rates"]!.AsObject();
        Assert.Equal(rates.Select(r => r.Key).Order(), shownRates.Select(r => r.Key).Order());
        Assert.All(rates, r => Assert.Equal((double)r.Value!, (double)shownRates[r.Key]!, 1e-6));
    }

    [Fact]
    public void Layers_add_up_to_the_whole()
    {
        JsonNode shown = JsonNode.Parse(CliRun.Of("inspect", "vmunetv2", "--size", "64", "--json").Output)!;
        JsonArray layers = shown["layers"]!.AsArray();
        Assert.Equal((long)shown["parameters"]!, layers.Sum(l => (long)l!["parameters"]!));
        Assert.Equal((long)shown["macs"]!, layers.Sum(l => (long)l!["macs"]!));
        Assert.True((long)shown["macs_executed"]! < (long)shown["macs"]!, "the dead last stage is not executed");
    }

    [Theory]
    [InlineData("[1, 250, 300, 1]", "vmunet", "--size", "250x300", "--option", "depths=[1,1,1,1]")]
    [InlineData("[1, 64, 64, 64, 1]", "nnunet", "--dims", "3")]
    [InlineData("[1, 32, 32, 1]", "vmunetv2", "--size", "32", "--option", "mid_channels=8")]
    [InlineData("[1, 20, 20, 20, 1]", "lightm-unet", "--dims", "3", "--size", "20")]
    [InlineData("[2, 9, 20, 33, 1]", "umamba-bot", "--size", "9x20x33", "--batch", "2")]
    public void Any_size_is_shown_with_logits_of_its_size(string output, params string[] args)
    {
        CliRun run = CliRun.Of(["inspect", .. args, "--json"]);
        Assert.Equal("", run.Error);
        Assert.Equal(output, $"[{string.Join(", ", JsonNode.Parse(run.Output)!["output"]!.AsArray())}]");
    }

    [Theory]
    [InlineData("vmunet", "--size", "64x64x64")]
    [InlineData("vmunet", "--dims", "3")]
    [InlineData("nnunet", "--dims", "3", "--size", "64x32")]
    [InlineData("nnunet", "--dims", "4")]
    [InlineData("nnunet", "--size", "1x2x3x4")]
    [InlineData("nnunet", "--size", "0x8x8")]
    public void Axes_that_a_model_does_not_have_are_a_usage_error(params string[] args) =>
        Assert.Equal(ExitCode.Usage, CliRun.Of(["inspect", .. args]).Code);

    [Theory]
    [InlineData("nosuchmodel")]
    [InlineData("vmunet", "--option", "nosuchoption=1")]
    public void An_unknown_model_or_option_is_one_message(params string[] args)
    {
        CliRun run = CliRun.Of(["inspect", .. args]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Models_are_listed_with_papers_and_options()
    {
        JsonArray models = JsonNode.Parse(CliRun.Of("models", "--json").Output)!.AsArray();
        Assert.Contains(models, m => (string)m!["id"]! == "vmunetv2" && m["options"]!["depths"] is not null);
        string text = CliRun.Of("models").Output;
        Assert.Contains("22.77 M parameters; at 256 x 256 7.848 G MACs: linear ", text);
        Assert.Contains("stochastic depth 0 to 0.2 over 15 blocks", text);
        Assert.Contains("arXiv:2403.05246", text);
    }
}
