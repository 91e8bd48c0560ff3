using Google.Protobuf;
using Krait.Engine;
using Krait.Engine.Programs;
using Krait.Models;
using Krait.Weights;

namespace Krait.Onnx;

/// <summary>What was written.</summary>
/// <param name="Ops">Ops of the program that the graph holds.</param>
/// <param name="Image">Dimensions of the input "image".</param>
/// <param name="Logits">Dimensions of the output "logits".</param>
public sealed record OnnxReport(int Ops, IReadOnlyList<long> Image, IReadOnlyList<long> Logits);

/// <summary>
/// Networks as ONNX files. The graph is the traced program of one input size; pictures and logits are channels first,
/// [B, C, H, W] or [B, C, D, H, W], as other runtimes expect them.
/// </summary>
public static class OnnxFile
{
    /// <summary>
    /// Version of the operators. 21 is the oldest whose group norm has a factor for each channel; ONNX Runtime takes
    /// it since 1.18.
    /// </summary>
    public const int Opset = 21;

    /// <summary>Layout of the file that belongs to the operators' version.</summary>
    const int IrVersion = 10;

    /// <summary>Writes a network for inputs of one shape; whole or not at all.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="model">Networks of convolutions, linear layers, norms and resizing; no scan yet.</param>
    /// <param name="input">[B, (D,) H, W, C].</param>
    /// <param name="notes">Pairs for the file's metadata, such as how pictures are prepared.</param>
    /// <exception cref="ExportException">An op has no translation; the message names it and its layer.</exception>
    /// <exception cref="WeightsException">The file cannot be written.</exception>
    public static OnnxReport Write(string path, SegmentationModel model, Shape input,
        IEnumerable<KeyValuePair<string, string>>? notes = null)
    {
        var program = new Program(isTraining: false);
        Value image = program.Input("image", input);
        var graph = new OnnxGraph(model.Store);
        OnnxReport report = new Translation(graph).Run(program, image, model.Forward(image));
        ProtoMessage file = ToMessage(graph.ToMessage(model.Id), notes ?? []);
        AtomicFile.Write(path, stream =>
        {
            using var output = new CodedOutputStream(stream, leaveOpen: true);
            file.WriteTo(output);
        });
        return report;
    }

    /// <summary>ModelProto.</summary>
    static ProtoMessage ToMessage(ProtoMessage graph, IEnumerable<KeyValuePair<string, string>> notes)
    {
        ProtoMessage file = new ProtoMessage().Add(1, IrVersion).Add(2, "krait")
            .Add(3, typeof(OnnxFile).Assembly.GetName().Version?.ToString(3) ?? "0")
            .Add(7, graph).Add(8, new ProtoMessage().Add(1, "").Add(2, Opset));
        foreach ((string key, string value) in notes)
            file.Add(14, new ProtoMessage().Add(1, key).Add(2, value));
        return file;
    }
}
