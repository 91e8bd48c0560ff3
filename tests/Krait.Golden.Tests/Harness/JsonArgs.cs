using System.Text.Json;

namespace Krait.Golden.Tests.Harness;

/// <summary>Settings of a case by name.</summary>
internal static class JsonArgs
{
    /// <summary>The setting exists and is not null.</summary>
    public static bool Has(this JsonElement json, string key) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null;

    public static JsonElement Part(this JsonElement json, string key) => json.TryGetProperty(key, out JsonElement value)
        ? value
        : throw new KeyNotFoundException($"case.json: a setting '{key}' is needed; it is not there.");

    public static string Text(this JsonElement json, string key) => json.Part(key).GetString()
        ?? throw new KeyNotFoundException($"case.json: '{key}' must be a text; it is null.");

    public static int Whole(this JsonElement json, string key) => json.Part(key).GetInt32();

    public static double Real(this JsonElement json, string key) => json.Part(key).GetDouble();

    public static double Real(this JsonElement json, string key, double missing) =>
        json.Has(key) ? json.Real(key) : missing;

    public static bool Flag(this JsonElement json, string key) => json.Part(key).GetBoolean();

    public static int[] Wholes(this JsonElement json, string key) =>
        [.. json.Part(key).EnumerateArray().Select(x => x.GetInt32())];

    public static double[] Reals(this JsonElement json, string key) => json.Part(key).Reals();

    public static double[] Reals(this JsonElement json) => [.. json.EnumerateArray().Select(x => x.GetDouble())];

    public static string[] Texts(this JsonElement json, string key) =>
        json.Has(key) ? [.. json.Part(key).EnumerateArray().Select(x => x.GetString()!)] : [];
}
