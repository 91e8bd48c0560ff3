using System.Text.Json.Nodes;
using Krait.Imaging;
using Krait.Models;
using Krait.Weights;

namespace Krait.Cli.Tests;

public sealed class ConvertTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("zip_plain.pth")]
    [InlineData("legacy_plain.pth")]
    [InlineData("shared_storage.pth")]
    public void A_pytorch_checkpoint_becomes_safetensors_with_equal_bytes(string name)
    {
        string output = _folder["out.safetensors"];
        CliRun run = CliRun.Of("convert", GoldenFolder.PathOf("checkpoints", name), output, "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        using TensorFile expected =
            WeightsFile.Open(GoldenFolder.PathOf("checkpoints", name + ".expected.safetensors"));
        using TensorFile made = WeightsFile.Open(output);
        Assert.Equal(expected.Tensors.Count, JsonNode.Parse(run.Output)!["tensors"]!.AsArray().Count);
        Assert.Equal(expected.Tensors.Select(t => t.Name).Order(), made.Tensors.Select(t => t.Name).Order());
        foreach (HostTensor tensor in expected.Tensors)
            Assert.Equal(tensor.ToBytes(), made[tensor.Name].ToBytes());
        Assert.Equal(64, made.Metadata["source_sha256"].Length);
    }

    [Theory]
    [InlineData("bad_garbage.pth")]
    [InlineData("bad_empty.pth")]
    [InlineData("bad_truncated_zip.pth")]
    [InlineData("bad_trunc.safetensors")]
    [InlineData("bad_bitflip_tensor_zip.pth")]
    public void A_damaged_file_gives_one_message_and_code_3_and_leaves_earlier_files_whole(string name)
    {
        string output = _folder["out.safetensors"];
        File.WriteAllText(output, "earlier");
        CliRun run = CliRun.Of("convert", GoldenFolder.PathOf("checkpoints", name), output);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Empty(run.Output);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.Contains(name, run.Error);
        Assert.Equal("earlier", File.ReadAllText(output));
        Assert.Equal(["out.safetensors"], _folder.Files());
    }

    /// <summary>The published state dictionary lists tensors up to four times.</summary>
    [Theory]
    [InlineData("model.nnunet_plain", "nnunet")]
    [InlineData("model.umamba_enc", "umamba-enc")]
    public void Repeated_tensors_are_held_once_and_written_back_under_all_names(string kind, string model)
    {
        (string published, string[] options, string patch) = Planned(kind);
        string once = _folder["once.safetensors"], all = _folder["all.safetensors"];
        CliRun run = CliRun.Of(["convert", published, once, "--model", model, .. options, .. patch.Length == 0 ? []
            : new[] { "--option", $"patchSize={patch}" }]);
        Assert.Equal("", run.Error);
        Assert.Contains("second name of a tensor", run.Output);
        Assert.Equal(ExitCode.Success, CliRun.Of("convert", once, all).Code);
        using TensorFile expected = WeightsFile.Open(published), single = WeightsFile.Open(once);
        using TensorFile made = WeightsFile.Open(all);
        Assert.True(single.Tensors.Count < expected.Tensors.Count / 2);
        Assert.Equal(expected.Tensors.Select(t => t.Name).Order(), made.Tensors.Select(t => t.Name).Order());
        Assert.All(expected.Tensors, t => Assert.True(t.HoldsSameAs(made[t.Name]), t.Name));
        string exported = _folder["exported.safetensors"];
        Assert.Equal(ExitCode.Success, CliRun.Of("export", once, exported).Code);
        using TensorFile export = WeightsFile.Open(exported);
        Assert.Equal(expected.Tensors.Select(t => t.Name).Order(), export.Tensors.Select(t => t.Name).Order());
    }

    [Fact]
    public void Weights_of_another_patch_are_explained()
    {
        (string published, string[] options, _) = Planned("model.umamba_enc");
        CliRun run = CliRun.Of(["convert", published, _folder["out.safetensors"], "--model", "umamba-enc",
            .. options, "--option", "patchSize=[64,1024]", "--option", "strides=[[1,1],[8,16],[8,16]]"]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("the model has 4). Set patchSize to the plan's patch_size", run.Error);
    }

    /// <summary>Weights of the first 2-D case of a kind, options that its args ask for, and its patch.</summary>
    static (string Weights, string[] Options, string Patch) Planned(string kind)
    {
        JsonNode cases = JsonNode.Parse(File.ReadAllText(GoldenFolder.PathOf("cases.json")))!["cases"]!;
        foreach (JsonNode? entry in cases.AsArray().Where(c => (string)c!["kind"]! == kind))
        {
            string folder = GoldenFolder.PathOf((string)entry!["path"]!);
            JsonNode test = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "case.json")))!, args = test["args"]!;
            if ((int)args["dims"]! != 2)
                continue;
            string text(string key) => args[key]!.ToJsonString();
            string blocks = kind == "model.nnunet_plain" ? "convs" : "blocks";
            string[] options = [$"features={text("features_per_stage")}", $"strides={text("strides")}",
                $"kernels={text("kernel_sizes")}", $"{blocks}={text("n_conv_per_stage")}",
                $"{blocks}Decoder={text("n_conv_per_stage_decoder")}", $"convBias={text("conv_bias")}"];
            return (Path.Combine(folder, (string)test["weights"]!),
                [.. options.SelectMany(o => new[] { "--option", o }), "--channels", text("input_channels"), "--classes",
                    text("num_classes")], args["input_size"]?.ToJsonString() ?? "");
        }
        throw new InvalidOperationException($"no 2-D case of {kind}");
    }

    [Fact]
    public void A_missing_file_gives_code_3()
    {
        CliRun run = CliRun.Of("convert", _folder["none.pth"], _folder["out.safetensors"]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("none.pth", run.Error);
    }

    [Theory]
    [InlineData("vmunet", 1, 3, "32", "-o", "depths=[1,1,1,1]", "-o", "depthsDecoder=[1,1,1,1]", "-o", "width=16")]
    [InlineData("swin-umamba", 3, 3, "64x32", "-o", "depths=[1,1,1,1]", "-o", "width=8", "-o", "stemWidth=4")]
    [InlineData("lightm-unet", 2, 1, "20", "-o", "depths=[1,1]", "-o", "depthsDecoder=[1]", "-o", "width=8",
        "--normalize", "standardize")]
    public void A_checkpoint_converted_with_its_model_predicts(string id, int classes, int channels, string size,
        params string[] options)
    {
        string plain = Plain(id, classes, channels, options), net = _folder["net.safetensors"];
        string picture = _folder["picture.png"], masks = _folder["masks"];
        byte[] samples = [.. Enumerable.Range(0, 30 * 24 * 3).Select(i => (byte)(i * 7))];
        ImageFile.WritePng(picture, new Image(30, 24, 3, samples));

        CliRun refused = CliRun.Of("predict", "-m", plain, "-i", picture, "-o", masks);
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("krait convert plain.safetensors", refused.Error);

        CliRun run = CliRun.Of(["convert", plain, net, "-m", id, "--classes", $"{classes}", "--channels", $"{channels}",
            "--size", size, .. options]);
        Assert.Equal(("", ExitCode.Success), (run.Error, run.Code));
        run = CliRun.Of("predict", "-m", net, "-i", picture, "-o", masks, "--quiet");
        Assert.Equal(("", ExitCode.Success), (run.Error, run.Code));
        Image mask = ImageFile.Read(_folder["masks", "picture.png"]);
        Assert.Equal((30, 24), (mask.Width, mask.Height));
        using TensorFile file = WeightsFile.Open(net);
        Assert.Equal(64, KraitMetadata.Read(file).SourceSha256!.Length);
    }

    [Fact]
    public void A_volume_model_keeps_its_patch()
    {
        string[] options = ["-o", "depths=[1,1]", "-o", "depthsDecoder=[1]", "-o", "width=8"];
        string plain = Plain("lightm-unet", 2, 1, [.. options, "-o", "dims=3"]);
        string net = _folder["net.safetensors"];
        CliRun run = CliRun.Of(["convert", plain, net, "-m", "lightm-unet", "--classes", "2", "--size", "8x16x12",
            .. options]);
        Assert.Equal(("", ExitCode.Success), (run.Error, run.Code));
        using TensorFile file = WeightsFile.Open(net);
        Assert.Equal([8, 16, 12], KraitMetadata.Read(file).TrainingSize);
    }

    [Fact]
    public void Names_colours_and_regions_come_from_a_data_folder()
    {
        string[] options = ["-o", "depths=[1,1]", "-o", "depthsDecoder=[1]", "-o", "width=8"];
        string plain = Plain("lightm-unet", 2, 1, options), net = _folder["net.safetensors"];
        string[] convert = ["convert", plain, net, "-m", "lightm-unet", "--size", "20", "--channels", "1", .. options,
            "--data", _folder.Root];
        Assert.Contains("dataset.yaml or dataset.json is needed", CliRun.Of(convert).Error);
        File.WriteAllText(_folder["dataset.yaml"], """
            classes: [background, {name: edema, color: "#00ff00"}, core]
            regions:
              - {name: tumour, classes: [edema, core]}
              - {name: core, classes: [core]}
            """);
        Assert.Contains("the data's regions", CliRun.Of([.. convert, "--classes", "3"]).Error);
        CliRun run = CliRun.Of(convert);
        Assert.Equal(("", ExitCode.Success), (run.Error, run.Code));
        using TensorFile file = WeightsFile.Open(net);
        KraitMetadata metadata = KraitMetadata.Read(file);
        Assert.Equal("edema #00ff00", $"{metadata.Classes[1].Name} {metadata.Classes[1].Color}");
        Assert.Equal(["tumour 1+2 1", "core 2 2"],
            metadata.Regions.Select(r => $"{r.Name} {string.Join('+', r.Classes)} {r.Label}"));
    }

    [Fact]
    public void Other_options_than_the_checkpoints_are_refused_with_a_hint()
    {
        string plain = Plain("lightm-unet", 2, 1, ["-o", "depths=[1,1]", "-o", "depthsDecoder=[1]", "-o", "width=8"]);
        string net = _folder["net.safetensors"];
        CliRun run = CliRun.Of("convert", plain, net, "-m", "lightm-unet", "--classes", "2", "--channels", "1");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("options", run.Error);
        Assert.False(File.Exists(net));
    }

    [Fact]
    public void A_vmamba_checkpoint_is_no_network_that_could_predict()
    {
        string net = _folder["net.safetensors"];
        CliRun run = CliRun.Of("convert", GoldenFolder.PathOf("checkpoints", "vmamba_pretrained.pth"), net,
            "-m", "vmunet", "-o", "depths=[1,1,1,1]", "-o", "width=4");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("krait train --model vmunet --weights", run.Error);
        Assert.False(File.Exists(net));
    }

    /// <summary>Tensors under the published names, and nothing about the model.</summary>
    string Plain(string id, int classes, int channels, string[] options)
    {
        var json = new JsonObject { ["classes"] = classes, ["inputChannels"] = channels };
        foreach (string option in options.Where(o => o.Contains('=')))
            json[option.Split('=')[0]] = JsonNode.Parse(option.Split('=')[1]);
        using SegmentationModel model = ModelRegistry.Create(id, json, seed: 2);
        string path = _folder["plain.safetensors"];
        SafetensorsFile.Write(path, model.Store.Parameters.Select(p => HostTensor.FromFloat32(p.Name,
            p.CheckpointShape.Dims.Select(d => (long)d), model.Store.Save(p))));
        return path;
    }

    [Fact]
    public void Another_output_format_is_a_usage_error()
    {
        CliRun run = CliRun.Of("convert", "a.pth", "b.pth");
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(".safetensors", run.Error);
    }
}
