using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Execution;
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

    static readonly Option<string?> Model = new("--model", "-m")
    {
        Description = "Make a Krait weights file of this model, from which predict needs nothing else.",
        HelpName = "id",
    };

    static readonly Option<PictureSize?> Size = PictureSize.Option(
        "With --model: size the network was trained at [256]; of volumes the patch.", takesVolumes: true);

    static readonly Option<string?> Normalize = new("--normalize")
    {
        Description = "With --model: minmax255, unit, standardize, imagenet or ct [minmax255; volumes standardize].",
        HelpName = "kind",
    };

    static readonly Option<string?> Data = new("--data")
    {
        Description = "With --model: take names, colours and regions from this folder's dataset.yaml or dataset.json.",
        HelpName = "folder",
    };

    static readonly Option<string[]> Set = new("--set")
    {
        Description = "With --model: any other key of preprocessing, such as preprocessing.mask_resize=nearest.",
        HelpName = "key=value",
    };

    static readonly Option<bool> AllowPartial =
        new("--allow-partial") { Description = "With --model: go on although the file does not cover the model." };

    public static Command Create(Terminal terminal)
    {
        var command = new KraitCommand("convert",
            "Turn a PyTorch checkpoint into safetensors. Nothing that the file names is run.")
        {
            Input,
            Output,
            Prefix,
            Model,
            Size,
            ModelSource.Dims,
            ModelSource.Classes,
            ModelSource.Channels,
            ModelSource.Options,
            Normalize,
            Data,
            Set,
            AllowPartial,
        };
        command.Examples =
        [
            "krait convert best.pth best.safetensors",
            "krait convert best.pth vmunet.safetensors --model vmunet --size 256",
            "krait convert best.pth net.safetensors -m lightm-unet --classes 2 --channels 1 --normalize standardize",
            "krait convert final.pth brats.safetensors -m lightm-unet --data BraTS --channels 4 --size 128x128x128",
            "krait convert latest.pth net.safetensors --prefix model_state_dict.",
            "krait convert runs/first/checkpoints/best.safetensors for-pytorch.safetensors",
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
        if (context.Get(Model) is { } id)
            return WithModel(context, file, id, output);
        string prefix = context.Get(Prefix) ?? "";
        HostTensor[] tensors = [.. (KraitMetadata.TryRead(file) is null ? file.Tensors : ModelFile.WithAllNames(file))
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

    /// <summary>Fills the model named and writes it with all that prediction needs.</summary>
    static int WithModel(CommandContext context, TensorFile file, string id, string output)
    {
        int? outputs = context.Get(ModelSource.Classes);
        TrainConfig config = TrainConfig.Resolve(null, overrides: [.. Settings(context, outputs)]);
        DatasetDescription data = context.Get(Data) is { } folder ? DatasetDescription.OfFolder(folder) : new();
        IReadOnlyList<ClassInfo> classes = data.Classes.Count > 0 ? data.Classes
            : outputs is null or 1 ? ClassInfo.Binary()
            : [.. Enumerable.Range(0, outputs.Value).Select(c =>
                new ClassInfo(c == 0 ? "background" : $"class{c}", ClassInfo.DefaultColor(c)))];
        using TrainedModel model = TrainedModel.Create(
            config.Model with { Id = id, Weights = file.Path, AllowPartial = context.Get(AllowPartial) },
            config.Preprocessing, classes, 0, data.ResolveRegions());
        if (model.Coverage?.Map is not null)
            throw new WeightsException($"convert {file.FileName}: this is a VMamba classification checkpoint: a "
                + $"training starts from it, but it segments nothing. Use krait train --model {id} --weights "
                + $"{file.FileName}.");
        model.Save(output, file.ComputeSha256());
        if (context.IsJson)
            context.WriteJson(new JsonObject { ["input"] = file.Path, ["output"] = output, ["model"] = id });
        else
            context.Write($"{model.Coverage!.ToText().TrimEnd()}\n{output}: {id}, ready for krait predict -m {output}");
        return ExitCode.Success;
    }

    /// <summary>What the flags say of model and preprocessing.</summary>
    static IEnumerable<KeyValuePair<string, string>> Settings(CommandContext context, int? outputs)
    {
        string[] options = context.Get(ModelSource.Options) ?? [];
        PictureSize size = context.Get(Size) ?? new PictureSize(256, 256);
        bool isVolume = size.Depth > 0 || context.Get(ModelSource.Dims) == 3;
        if (outputs is { } count)
            yield return new("model.options.classes", count.ToString(CultureInfo.InvariantCulture));
        yield return new(isVolume ? "preprocessing.patch" : "preprocessing.size",
            $"[{string.Join(", ", size.Axes(isVolume ? 3 : 2))}]");
        if (context.Get(ModelSource.Channels) is { } channels)
            yield return new("preprocessing.channels", channels.ToString(CultureInfo.InvariantCulture));
        if (context.Get(Normalize) is { } normalization)
            yield return new("preprocessing.normalize", normalization);
        foreach (string setting in options)
            yield return Pair("--option", "model.options.", setting);
        foreach (string setting in context.Get(Set) ?? [])
            yield return Pair("--set", "", setting);
    }

    static KeyValuePair<string, string> Pair(string flag, string section, string setting) =>
        setting.Split('=', 2) is [{ Length: > 0 } key, var value]
            ? new(section + key, value)
            : throw new UsageException($"{flag}: must be name=value; got '{setting}'.");

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
