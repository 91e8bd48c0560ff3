namespace Krait.Training.Config;

/// <summary>Which network, and what it starts from.</summary>
public sealed record ModelConfig
{
    /// <summary>Registered model id.</summary>
    public string Id { get; init; } = "vmunetv2";

    /// <summary>Options of that model by name; a list is written "[2, 2, 9, 2]", also of lists.
    /// Unset options keep their defaults.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new SortedDictionary<string, string>();

    /// <summary>Weights to start from (.safetensors, .pth, .pt), or null for a fresh start.</summary>
    public string? Weights { get; init; }

    /// <summary>Start even if the weights do not cover the whole model.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>Keys of the configuration's <c>model</c> section.</summary>
    public static ConfigSection<ModelConfig> Section { get; } = new ConfigSection<ModelConfig>()
        .Text("id", "model, see `krait models`", c => c.Id, (c, v) => c with { Id = v ?? "vmunetv2" })
        .Add("options", "options of that model", (c, n) => c with { Options = ReadOptions(c.Options, n) }, c =>
            new ConfigMap("", "", [.. c.Options.OrderBy(x => x.Key, StringComparer.Ordinal)
                .Select(x => KeyValuePair.Create(x.Key, WriteOption(x.Value)))]))
        .Text("weights", "file to start from", c => c.Weights, (c, v) => c with { Weights = v })
        .Switch("allow_partial", "start although weights do not cover the model", c => c.AllowPartial,
            (c, v) => c with { AllowPartial = v });

    private static SortedDictionary<string, string> ReadOptions(IReadOnlyDictionary<string, string> old,
        ConfigNode node)
    {
        var options = new SortedDictionary<string, string>(old.ToDictionary(), StringComparer.Ordinal);
        if (ConfigValue.IsNull(node)) return options;
        if (node is not ConfigMap map) throw ConfigValue.Wrong(node, "a map of model options");
        foreach (var (key, value) in map.Entries) options[key] = ReadOption(value);
        return options;
    }

    private static string ReadOption(ConfigNode node) => node is ConfigList list
        ? "[" + string.Join(", ", list.Items.Select(ReadOption)) + "]"
        : ConfigValue.Text(node);

    private static ConfigNode WriteOption(string text) => text.StartsWith('[') && text.EndsWith(']')
        ? ConfigNode.Parse(text, "model.options")
        : ConfigValue.Of(text);
}
