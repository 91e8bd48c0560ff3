using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Krait.Models;

/// <summary>What every model can be told. Saved with the weights; unknown keys are errors.</summary>
public abstract record ModelOptions
{
    /// <summary>Channels of the input picture.</summary>
    public int InputChannels { get; init; } = 3;

    /// <summary>Channels of the logits: 1 for a binary mask, else one a class, background included.</summary>
    public int Classes { get; init; } = 1;

    /// <summary>Largest stochastic-depth rate; blocks get their share by depth.</summary>
    public float DropPathRate { get; init; } = 0.2f;

    public abstract JsonObject ToJson();

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
                merged[key] = value?.DeepClone();
            }
            return merged.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            string known = string.Join(", ", type.Properties.Select(p => p.Name));
            throw new ArgumentException($"{model}: model options are {known}; got {json!.ToJsonString()}. {e.Message}");
        }
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
        Require(InputChannels >= 1, model, "inputChannels is at least 1", InputChannels);
        Require(Classes >= 1, model, "classes is at least 1", Classes);
        Require(DropPathRate is >= 0 and < 1, model, "dropPathRate lies in [0, 1)", DropPathRate);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(VmUnetOptions))]
[JsonSerializable(typeof(VmUnetV2Options))]
sealed partial class OptionsJsonContext : JsonSerializerContext;
