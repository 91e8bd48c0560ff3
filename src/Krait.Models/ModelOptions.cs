using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>What every model can be told. Saved with the weights; unknown keys are errors.</summary>
public abstract record ModelOptions
{
    /// <summary>Bounds that no network comes near: beyond them numbers of weights and work would overflow.</summary>
    protected const int MostChannels = 65536, MostStates = 1024, MostBlocks = 64;

    /// <summary>Channels of the input picture.</summary>
    public int InputChannels { get; init; } = 3;

    /// <summary>Channels of the logits: 1 for a binary mask, else one a class, background included.</summary>
    public int Classes { get; init; } = 1;

    public abstract JsonObject ToJson();

    /// <summary>
    /// The same for a network that is trained on inputs of this size, one number an axis, where shapes of weights
    /// depend on it and the options do not say it yet.
    /// </summary>
    public virtual ModelOptions ForInput(IReadOnlyList<int> size) => this;

    /// <summary>The defaults, overlaid by what the JSON says.</summary>
    /// <exception cref="ArgumentException">An option is unknown or ill-formed.</exception>
    protected static T Parse<T>(string model, JsonObject? json, JsonTypeInfo<T> type) where T : ModelOptions, new()
    {
        // Generated readers fill what a file leaves out with zeros, so the defaults are laid below it first.
        JsonObject merged = new T().ToJson();
        try
        {
            foreach ((string key, JsonNode? value) in json ?? [])
            {
                if (!merged.ContainsKey(key))
                    throw new JsonException($"Unknown key '{key}'.");
                merged[key] = value?.DeepClone() ?? throw new JsonException($"'{key}' has no value.");
            }
            return merged.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"{model}: {Rule(type, e)}; got {json!.ToJsonString()}.", e);
        }
    }

    static string Kind(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) ? "a whole number"
        : type == typeof(int[]) ? "a list of whole numbers"
        : type == typeof(int[][]) ? "a list of lists of whole numbers"
        : "a number";

    /// <summary>
    /// Options given as text: keys in camelCase or snake_case; "[2, 2]", "0.1" and "true" are JSON, all else is a name.
    /// </summary>
    public static JsonObject FromText(IEnumerable<KeyValuePair<string, string>> options)
    {
        var json = new JsonObject();
        foreach ((string key, string text) in options)
        {
            string[] words = key.Split('_');
            string name = words[0]
                + string.Concat(words.Skip(1).Select(w => w.Length == 0 ? "" : char.ToUpperInvariant(w[0]) + w[1..]));
            try
            {
                json[name] = JsonNode.Parse(text);
            }
            catch (JsonException)
            {
                json[name] = text;
            }
        }
        return json;
    }

    /// <summary>What the option that could not be read takes; else the options that there are.</summary>
    static string Rule(JsonTypeInfo type, JsonException e)
    {
        string? path = e.Path?.Split('[')[0];
        JsonPropertyInfo? option = type.Properties.FirstOrDefault(p => path == $"$.{p.Name}");
        if (option?.PropertyType.IsEnum == true)
            return $"{option.Name} is one of "
                + string.Join(", ", Enum.GetNames(option.PropertyType).Select(JsonNamingPolicy.CamelCase.ConvertName));
        // Unknown keys name themselves; the reader's own words on a wrong type speak of its insides.
        return option is null
            ? $"model options are {string.Join(", ", type.Properties.Select(p => p.Name))}. {e.Message.TrimEnd('.')}"
            : $"{option.Name} is {Kind(option.PropertyType)}";
    }

    /// <exception cref="ArgumentException">The rule does not hold.</exception>
    protected static void Require(bool holds, string model, string rule, object? got)
    {
        if (!holds)
            throw new ArgumentException($"{model}: {rule}; got {got}.");
    }

    /// <summary>Rates from 0 to the largest, evenly over all blocks, first block first.</summary>
    public static float[] DropPathRamp(float largest, int blocks) =>
        [.. Enumerable.Range(0, blocks).Select(i => blocks == 1 ? 0f : largest * i / (blocks - 1))];

    protected void CheckCommon(string model)
    {
        CheckChannels(model, "inputChannels", InputChannels);
        CheckChannels(model, "classes", Classes);
    }

    /// <summary>Channels, or states of each.</summary>
    protected static void CheckChannels(string model, string name, int channels, int most = MostChannels)
    {
        Require(channels >= 1, model, $"{name} is at least 1", channels);
        Require(channels <= most, model, $"{name} is at most {most}", channels);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
    Converters = [typeof(NameConverter<ScanKind>), typeof(NameConverter<LightMMixer>)])]
[JsonSerializable(typeof(VmUnetOptions))]
[JsonSerializable(typeof(VmUnetV2Options))]
[JsonSerializable(typeof(SwinUMambaOptions))]
[JsonSerializable(typeof(SwinUMambaDOptions))]
[JsonSerializable(typeof(LightMUnetOptions))]
[JsonSerializable(typeof(NnUnetOptions))]
[JsonSerializable(typeof(NnUnetResEncOptions))]
[JsonSerializable(typeof(UMambaBotOptions))]
[JsonSerializable(typeof(UMambaEncOptions))]
[JsonSerializable(typeof(UnetOptions))]
[JsonSerializable(typeof(UnetV2Options))]
sealed partial class OptionsJsonContext : JsonSerializerContext;

/// <summary>An enum by its camelCase name and nothing else.</summary>
sealed class NameConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
