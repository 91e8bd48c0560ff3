using System.Text.Json.Nodes;
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
        string output = _folder.PathOf("out.safetensors");
        CliRun run = CliRun.Of("convert", GoldenFolder.PathOf("checkpoints", name), output, "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        using TensorFile expected = WeightsFile.Open(GoldenFolder.PathOf("checkpoints", name + ".expected.safetensors"));
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
        string output = _folder.PathOf("out.safetensors");
        File.WriteAllText(output, "earlier");
        CliRun run = CliRun.Of("convert", GoldenFolder.PathOf("checkpoints", name), output);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Empty(run.Output);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.Contains(name, run.Error);
        Assert.Equal("earlier", File.ReadAllText(output));
        Assert.Equal(["out.safetensors"], _folder.Files());
    }

    [Fact]
    public void A_missing_file_gives_code_3()
    {
        CliRun run = CliRun.Of("convert", _folder.PathOf("none.pth"), _folder.PathOf("out.safetensors"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("none.pth", run.Error);
    }

    [Fact]
    public void Another_output_format_is_a_usage_error()
    {
        CliRun run = CliRun.Of("convert", "a.pth", "b.pth");
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(".safetensors", run.Error);
    }
}
