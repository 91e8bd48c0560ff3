using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Training.Config;
using Krait.Weights;

namespace Krait.Cli.Commands;

/// <summary>Turns PyTorch checkpoints into safetensors without running anything that they name.</summary>
static class ConvertCommand
{
    static readonly Argument<string> Input = new("input")
    {
        Description = "A .pth, .pt or .safetensors file.",
    };

    static readonly Argument<string> Output = new("output")
    {
        Description = "The .safetensors file to write.",
    };

    static readonly Option<string?> Prefix = new("--prefix")
    {
        Description = "Take only tensors whose name begins so, and cut that off.",
        HelpName = "name.",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new KraitCommand("convert",
            "Turn a PyTorch checkpoint into safetensors. Nothing that the file names is run.")
        {
            Input,
            Output,
            Prefix,
        };
        command.Examples =
        [
            "krait convert best.pth best.safetensors",
            "krait convert latest.pth net.safetensors --prefix model_state_dict.",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        string input = context.Get(Input)!, output = context.Get(Output)!;
        if (!output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"the output must end in .safetensors; got '{output}'. "
                + "PyTorch reads such files with safetensors.torch.load_file.");
        using TensorFile file = WeightsFile.Open(input);
        string prefix = context.Get(Prefix) ?? "";
        HostTensor[] tensors = [.. file.Tensors
            .Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(t => t.Rename(t.Name[prefix.Length..]))];
        if (tensors.Length == 0)
            throw new WeightsException(file.Tensors.Count == 0
                ? $"convert {file.FileName}: the file holds no tensors."
                : $"convert {file.FileName}: no tensor's name begins with '{prefix}'; the first is "
                    + $"'{file.Tensors[0].Name}'.");
        string hash = file.ComputeSha256();
        SafetensorsFile.Write(output, tensors, new Dictionary<string, string>(file.Metadata)
        {
            ["source"] = file.FileName,
            ["source_sha256"] = hash,
        });
        Report(context, file, tensors, output, hash);
        return ExitCode.Success;
    }

    static void Report(CommandContext context, TensorFile file, HostTensor[] tensors, string output, string hash)
    {
        if (context.IsJson)
        {
            context.WriteJson(new JsonObject
            {
                ["input"] = file.Path,
                ["container"] = file.Container.ToString(),
                ["sha256"] = hash,
                ["output"] = output,
                ["tensors"] = new JsonArray([.. tensors.Select(t => (JsonNode)new JsonObject
                {
                    ["name"] = t.Name,
                    ["dtype"] = t.DType.ToString(),
                    ["shape"] = new JsonArray([.. t.Shape.Select(n => (JsonNode)n)]),
                })]),
                ["inert_names"] = new JsonArray([.. file.InertNames.Select(n => (JsonNode)n)]),
            });
            return;
        }
        context.Write(string.Create(CultureInfo.InvariantCulture,
            $"{output}: {tensors.Length} tensors, {ByteSize.Rounded(tensors.Sum(t => t.ByteCount))}, "
            + $"from {file.Container} file {file.FileName} (sha256 {hash[..12]})"));
        if (file.InertNames.Count > 0)
            context.Write($"named by the file and not run: {string.Join(", ", file.InertNames)}");
    }
}
