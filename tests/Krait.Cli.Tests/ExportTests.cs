using System.Diagnostics;
using System.Runtime.InteropServices;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Models;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Cli.Tests;

public sealed class ExportTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_graph_reads_only_what_stands_before_and_holds_every_weight_bit_for_bit()
    {
        string weights = _folder["net.safetensors"], path = _folder["net.onnx"];
        Assert.Equal(ExitCode.Success, CliRun.Of("export", "unet", weights, "--option", "width=4", "--seed", "3").Code);
        CliRun run = CliRun.Of("export", weights, path, "--size", "32x48", "--batch", "2");
        Assert.True(run.Code == ExitCode.Success, run.Error);
        Assert.Contains("2 x 3 x 32 x 48", run.Output);
        OnnxGraphReader graph = OnnxGraphReader.Of(path);
        Assert.Equal((10, 21), (graph.IrVersion, graph.Opset));
        Assert.Equal("unet", graph.Notes["krait.model"]);
        Assert.Equal(["image"], graph.Inputs);
        Assert.Equal(["logits"], graph.Outputs);
        var known = new HashSet<string>([.. graph.Inputs, .. graph.Tensors.Select(t => t.Name), ""]);
        foreach (OnnxNode node in graph.Nodes)
        {
            Assert.All(node.Inputs, input => Assert.Contains(input, known));
            Assert.All(node.Outputs, output => Assert.True(known.Add(output), $"{output} is written twice"));
        }
        Assert.Contains("logits", known);
        Assert.Equal(18, graph.Nodes.Count(n => n.Type == "BatchNormalization"));
        using TensorFile file = WeightsFile.Open(weights);
        foreach (HostTensor tensor in file.Tensors.Where(t => !t.Name.EndsWith("num_batches_tracked")))
        {
            OnnxTensor written = graph.Tensors.Single(t => t.Name == tensor.Name);
            Assert.Equal(tensor.Shape, written.Dims);
            Assert.Equal(tensor.ToBytes(), written.Data);
        }
    }

    [Theory]
    [InlineData("vmunetv2", "Ss2d", "vmunet.layers.0.blocks.0.self_attention")]
    [InlineData("lightm-unet", "SelectiveScan", "mamba")]
    public void A_scan_is_refused_by_op_and_layer(string model, string op, string layer)
    {
        CliRun run = CliRun.Of("export", model, _folder["net.onnx"], "--size", "64");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.Contains($"{op} cannot be written as ONNX: a scan has no translation yet", run.Error);
        Assert.Contains(layer, run.Error);
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public void Another_ending_is_a_usage_error() =>
        Assert.Equal(ExitCode.Usage, CliRun.Of("export", "unet", _folder["net.pb"]).Code);

    [OnnxRuntimeTheory]
    [InlineData("unet", "32x48", "width=4")]
    [InlineData("unet", "35x50", "width=4", "halvings=3", "classes=3")]     // padded inside, cropped back
    [InlineData("nnunet", "64", "features=[8,16,24,32]", "inputChannels=1")]
    [InlineData("nnunet", "16", "dims=3", "features=[8,12,16]", "classes=2")]
    [InlineData("nnunet-resenc", "64", "features=[8,16,24,32]")]
    public void OnnxRuntime_computes_the_same_logits(string model, string size, params string[] options)
    {
        string weights = _folder["net.safetensors"], path = _folder["net.onnx"];
        string[] settings = [.. options.SelectMany(o => new[] { "--option", o })];
        CliRun saved = CliRun.Of(["export", model, weights, "--seed", "5", .. settings]);
        Assert.True(saved.Code == ExitCode.Success, saved.Error);
        Assert.Equal(ExitCode.Success, CliRun.Of("export", weights, path, "--size", size).Code);
        using LoadedModel loaded = ModelFile.Load(weights);
        int[] sides = [.. size.Split('x').Select(int.Parse)];
        Shape input = loaded.Model.Dims == 3
            ? new Shape(1, sides[0], sides[0], sides[^1], loaded.Model.InputChannels)
            : new Shape(1, sides[0], sides[^1], loaded.Model.InputChannels);
        var random = new Random(1);
        float[] image = [.. Enumerable.Range(0, (int)input.Count).Select(_ => random.NextSingle() - 0.5f)];
        using Device device = CpuDevice.Create(2);
        using var session = new InferenceSession(loaded.Model, device);
        float[] expected = session.Logits(image, input);
        float[] got = RunPeer(path, image);
        Assert.Equal(expected.Length, got.Length);
        float largest = expected.Max(MathF.Abs);
        Assert.True(largest > 0.05, "logits that are all but nothing would hide a difference");
        Assert.True(expected.Zip(got, (a, b) => MathF.Abs(a - b)).Max() <= 1e-4f * largest);
    }

    float[] RunPeer(string path, float[] image)
    {
        string from = _folder["image.raw"], to = _folder["logits.raw"];
        File.WriteAllBytes(from, MemoryMarshal.AsBytes<float>(image).ToArray());
        using Process node = Process.Start(new ProcessStartInfo("node",
            [Repository.PathOf("bench", "peers", "onnxruntime-peer.js"), path, "2"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        node.StandardInput.Write($"input {from}\nrun\noutput {to}\n");
        node.StandardInput.Close();
        string said = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.DoesNotContain("error", said);
        return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(to)).ToArray();
    }
}
