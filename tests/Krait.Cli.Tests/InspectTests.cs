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
        Assert.Equal((long)parts["linear"]!, (long)classes["linear"]!);
        Assert.Equal((long)parts["einsum"]!, (long)classes["einsum"]!);
        Assert.Equal((long)parts["scan_fn"]!, (long)classes["scan"]!);
        Assert.Equal((long)parts["conv"]! + ((long?)parts["conv_transpose"] ?? 0), (long)classes["conv"]!);
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

    [Fact]
    public void A_size_that_does_not_fit_names_one_that_does()
    {
        CliRun run = CliRun.Of("inspect", "vmunet", "--size", "250x300");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("256 x 320", run.Error);
    }

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
    }
}
