using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using Krait.Models.PretrainedMaps;

namespace Krait.Weights.Tests;

/// <summary>Checks one item of kind checkpoint.key_mapping; compiled into the golden suite too.</summary>
static partial class KeyMappingCheck
{
    static readonly Dictionary<string, (KeyMap Map, string Keys)> Maps = new()
    {
        ["model.vmunet"] = (VmUnetPretrained.FromVMamba, "VMUNet_2292_2922"),
        ["model.vmunetv2"] = (VmUnetV2Pretrained.FromVMamba, "VMUNetV2_2292_ds"),
        ["model.swin_umamba"] = (SwinUMambaPretrained.FromVMamba, "SwinUMamba_"),
        ["model.swin_umamba_d"] = (SwinUMambaPretrained.VssDecoderFromVMamba, "SwinUMambaD_"),
    };

    /// <summary>
    /// The declared map fills exactly what the published loader fills, on the model's full key list; with
    /// <paramref name="newNames"/> the checkpoint has the names of later VMamba releases.
    /// </summary>
    public static void Run(string folder, JsonElement item, bool newNames = false)
    {
        var args = item.GetProperty("args");
        var loaded = Loaded(folder, item.GetProperty("expected"));
        var below = args.GetProperty("key_below").GetString() + ".";
        var (map, keys) = Maps[args.GetProperty("model").GetString()!];
        using var file = WeightsFile.Open(Path.Combine(folder, item.GetProperty("file").GetString()!));
        var model = Model(folder, keys, args, loaded, file, below);
        var tensors = file.Tensors;
        if (newNames)
        {
            tensors = [.. tensors.Select(t => t.Rename(NewName(t.Name)))];
            Assert.Contains(tensors, t => t.Name.EndsWith("blocks.0.op.A_logs", StringComparison.Ordinal));
        }

        var match = WeightLoader.Match(model, tensors, file.FileName, map);
        Assert.Equal(below, match.Report.StrippedPrefix);
        Assert.Equal(
            loaded.Select(p => $"{p.Key} <- {(newNames ? NewName(below + p.Value) : below + p.Value)}").Order(),
            match.Assignments.Select(a => $"{a.Name} <- {a.Source.Name}").Order());
        Assert.True(match.Report.IsComplete, match.Report.ToText());
        Assert.Equal(model.Count, match.Report.Filled + match.Report.Fresh.Count);
    }

    static string NewName(string name) => name.Replace(".ln_1.", ".norm.", StringComparison.Ordinal)
        .Replace(".self_attention.", ".op.", StringComparison.Ordinal)
        .Replace("patch_embed.proj.", "patch_embed.0.", StringComparison.Ordinal)
        .Replace("patch_embed.norm.", "patch_embed.2.", StringComparison.Ordinal)
        .Replace("model.head.", "model.classifier.head.", StringComparison.Ordinal)
        .Replace("model.norm.", "model.classifier.norm.", StringComparison.Ordinal);

    static Dictionary<string, string> Loaded(string folder, JsonElement expected)
    {
        var node = Json(Path.Combine(folder, expected.GetProperty("file").GetString()!));
        foreach (var key in expected.GetProperty("path").EnumerateArray())
            node = node.GetProperty(key.GetString()!);
        return node.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
    }

    /// <summary>
    /// The names of the whole model: those of the published size, cut to the item's depths. Shapes: of the checkpoint
    /// where the published loader fills, else of the published size, narrowed to the item's width.
    /// </summary>
    static List<ExpectedTensor> Model(string folder, string keys, JsonElement args, Dictionary<string, string> loaded,
        TensorFile file, string below)
    {
        var channels = args.GetProperty("in_channels").GetInt32();
        var width = args.TryGetProperty("dims", out var dims) ? dims[0].GetInt32()
            : args.GetProperty("feat_size")[1].GetInt32();
        var model = new List<ExpectedTensor>();
        foreach (var entry in PublishedKeys(folder, keys, channels).EnumerateArray())
        {
            var name = entry[0].GetString()!;
            if (IsTooDeep(name, args))
                continue;
            var shape = loaded.TryGetValue(name, out var from)
                ? file[below + from].Shape.ToArray()
                : [.. entry[1].EnumerateArray().Select(s => Narrow(s.GetInt64(), width))];
            model.Add(new ExpectedTensor(name, shape));
        }
        Assert.All(loaded.Keys, k => Assert.Contains(model, t => t.Name == k));
        if (args.TryGetProperty("total", out var total))
            Assert.Equal(total.GetInt32(), model.Count);
        return model;
    }

    static long Narrow(long size, int width) => size % 96 == 0 ? size / 96 * width : size;

    static JsonElement PublishedKeys(string folder, string keys, int channels)
    {
        using var gzip = new GZipStream(File.OpenRead(Upwards(folder, "model_keys.json.gz")),
            CompressionMode.Decompress);
        using var document = JsonDocument.Parse(gzip);
        var lists = document.RootElement.EnumerateObject()
            .Where(p => p.Name.StartsWith(keys, StringComparison.Ordinal));
        var list = lists.FirstOrDefault(p => !p.Name.Contains("_in", StringComparison.Ordinal)
            || p.Name.Contains($"_in{channels}_", StringComparison.Ordinal));
        Assert.True(list.Name is not null, $"model_keys.json.gz has no {keys}");
        return list.Value.Clone();
    }

    static string Upwards(string folder, string file)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, file)))
                return Path.Combine(at.FullName, file);
        throw new FileNotFoundException($"no {file} above {folder}");
    }

    static JsonElement Json(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    static bool IsTooDeep(string name, JsonElement args)
    {
        var block = Block().Match(name);
        if (!block.Success || !args.TryGetProperty(block.Groups[1].Value == "layers_up" ? "depths_decoder"
            : args.TryGetProperty("encoder_depths", out _) ? "encoder_depths" : "depths", out var depths)
            || name.StartsWith("decoder", StringComparison.Ordinal))
            return false;
        var (stage, index) = (Number(block.Groups[2]), Number(block.Groups[3]));
        return index >= depths[stage].GetInt32();

        static int Number(Group digits) =>
            int.Parse(digits.ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(layers|layers_up)\.(\d+)\.blocks\.(\d+)\.")]
    private static partial Regex Block();
}
