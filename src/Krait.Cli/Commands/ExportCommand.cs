using System.CommandLine;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Engine;
using Krait.Onnx;
using Krait.Training.Execution;
using Krait.Weights;

namespace Krait.Cli.Commands;

/// <summary>Writes a network for other programs: ONNX, or safetensors under the published names.</summary>
static class ExportCommand
{
    const string Weights = ".safetensors", Graph = ".onnx";

    static readonly Argument<string> Output = new("output")
    {
        Description = "The file to write: .onnx, or .safetensors for the weights alone.",
    };

    static readonly Option<PictureSize?> Size =
        PictureSize.Option(
        "Size of the picture that the ONNX graph takes [that of training, else 256; volumes 64].", takesVolumes: true);

    static readonly Option<int?> Batch = OptionParsers.Whole("--batch", 1, 4096, "Pictures at once [1].", "-b");

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("export",
            "Write a network for other programs. ONNX takes networks of convolutions; scans are not translated yet.")
        {
            ModelSource.Target, Output, Size, Batch,
            ModelSource.Dims, ModelSource.Classes, ModelSource.Channels, ModelSource.Options,
        };
        command.Examples =
        [
            "krait export runs/second-try net.onnx",
            "krait export nnunet fresh.onnx --channels 1 --size 256 --seed 1",
            "krait export vmunetv2 fresh.safetensors --seed 1",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        string path = context.Get(Output)!;
        bool isGraph = path.EndsWith(Graph, StringComparison.OrdinalIgnoreCase);
        if (!isGraph && !path.EndsWith(Weights, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"the output must end in {Graph} or {Weights}; got '{path}'.");
        int batch = context.Get(Batch) ?? 1;
        (LoadedModel opened, Shape input) =
            ModelSource.Load(context, context.Get(ModelSource.Target)!, context.Get(Size), batch);
        using LoadedModel loaded = opened;
        if (!isGraph)
            ModelFile.Save(path, loaded.Model, loaded.Metadata, allNames: true);
        else if (context.Get(Size) is null && loaded.Metadata.TrainingSize is { Count: > 0 } trained)
            WriteGraph(context, loaded, path, new Shape([batch, .. trained, loaded.Model.InputChannels]));
        else
            WriteGraph(context, loaded, path, input);
        if (!isGraph && !context.IsJson)
            context.Write($"{path}: {loaded.Model.Store.Parameters.Count} tensors of {loaded.Model.Id}");
        return ExitCode.Success;
    }

    static void WriteGraph(CommandContext context, LoadedModel loaded, string path, Shape input)
    {
        OnnxReport report = OnnxFile.Write(path, loaded.Model, input, Notes(loaded.Metadata));
        if (context.IsJson)
            context.WriteJson(new JsonObject { ["output"] = path, ["opset"] = OnnxFile.Opset, ["ops"] = report.Ops });
        else
            context.Write($"{path}: {loaded.Model.Id}, {report.Ops} ops, opset {OnnxFile.Opset}, input \"image\" "
                + $"{string.Join(" x ", report.Image)}, output \"logits\" {string.Join(" x ", report.Logits)}");
    }

    /// <summary>What a program needs to know before it runs the graph on a picture.</summary>
    static Dictionary<string, string> Notes(KraitMetadata metadata) => new()
    {
        ["krait.model"] = metadata.Model,
        ["krait.options"] = metadata.Options.ToJsonString(),
        ["krait.preprocessing"] = metadata.Preprocessing.ToJsonString(),
        ["krait.classes"] = new JsonArray([.. metadata.Classes.Select(c => (JsonNode)c.Name)]).ToJsonString(),
        ["krait.regions"] = new JsonArray([.. metadata.Regions.Select(r => (JsonNode)r.Name)]).ToJsonString(),
    };
}
