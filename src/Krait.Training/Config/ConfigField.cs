using System.Globalization;

namespace Krait.Training.Config;

/// <summary>One key of a section: how its text becomes a value of the record and back.</summary>
/// <param name="Name">The key, snake_case.</param>
/// <param name="Help">What it sets, with unit and choices.</param>
/// <param name="Read">The record with the value of the node.</param>
/// <param name="Write">The record's value as a node (its path is not used).</param>
public sealed record ConfigField<T>(string Name, string Help, Func<T, ConfigNode, T> Read, Func<T, ConfigNode> Write);

/// <summary>Reading and writing of single values.</summary>
internal static class ConfigValue
{
    public static string Text(ConfigNode node) => (node as ConfigScalar)?.Text ?? throw Wrong(node, "a word");

    public static double Real(ConfigNode node, double low, double high)
    {
        string text = Text(node);
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            || double.IsNaN(value))
            throw Wrong(node, "a number");
        if (value < low || value > high)
            throw Wrong(node, $"a number from {low.ToString(CultureInfo.InvariantCulture)} to " +
                high.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    public static long Whole(ConfigNode node, long low, long high)
    {
        if (!long.TryParse(Text(node), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            throw Wrong(node, "a whole number");
        if (value < low || value > high) throw Wrong(node, high == long.MaxValue || high == int.MaxValue
            ? $"a whole number of {low} or more" : $"a whole number from {low} to {high}");
        return value;
    }

    public static bool Switch(ConfigNode node) => Text(node) switch
    {
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ => throw Wrong(node, "true or false"),
    };

    public static V Choice<V>(ConfigNode node, IReadOnlyList<(string Name, V Value)> choices)
    {
        string text = Text(node);
        foreach (var (name, value) in choices)
            if (name == text) return value;
        string[] names = [.. choices.Select(c => c.Name)];
        throw Wrong(node, $"one of {string.Join(", ", names)}", NearestName.Hint(text, names));
    }

    /// <summary>A list; a scalar stands for a list of one.</summary>
    public static IReadOnlyList<V> List<V>(ConfigNode node, Func<ConfigNode, V> item) => node switch
    {
        ConfigList list => [.. list.Items.Select(item)],
        ConfigScalar { Text: not null } => [item(node)],
        _ => throw Wrong(node, "a list"),
    };

    public static bool IsNull(ConfigNode node) => node is ConfigScalar { Text: null };

    public static ConfigNode Of(string? text) => new ConfigScalar("", "", text);

    public static ConfigNode Of(double value) => Of(value.ToString("R", CultureInfo.InvariantCulture));

    public static ConfigNode Of(long value) => Of(value.ToString(CultureInfo.InvariantCulture));

    public static ConfigNode Of(bool value) => Of(value ? "true" : "false");

    public static ConfigNode Of(IEnumerable<ConfigNode> items) => new ConfigList("", "", [.. items]);

    public static ConfigException Wrong(ConfigNode node, string rule, string hint = "")
    {
        string came = node switch
        {
            ConfigScalar { Text: null } => "null",
            ConfigScalar s => $"'{s.Text}'",
            ConfigList => "a list",
            _ => "a map",
        };
        return new ConfigException($"{node.Place}: '{node.Path}' must be {rule}; got {came}.{hint}");
    }
}
