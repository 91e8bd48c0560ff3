using System.Globalization;

namespace Krait.Training.Config;

/// <summary>The keys of one record, in the order in which they are written.</summary>
public sealed class ConfigSection<T>
{
    private readonly List<ConfigField<T>> fields = [];

    /// <summary>All keys with their help.</summary>
    public IReadOnlyList<ConfigField<T>> Fields => fields;

    /// <summary>The record with the keys of <paramref name="node"/> laid over <paramref name="current"/>.</summary>
    /// <exception cref="ConfigException">For an unknown key or a wrong value.</exception>
    public T Overlay(T current, ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return current;
        if (node is not ConfigMap map) throw ConfigValue.Wrong(node, "a map of keys");
        foreach (var (key, value) in map.Entries)
        {
            var field = fields.Find(f => f.Name == key) ?? throw new ConfigException(
                $"{value.Place}: unknown key '{value.Path}'." + NearestName.Hint(key, fields.Select(f => f.Name)) +
                $" Keys here: {string.Join(", ", fields.Select(f => f.Name))}.");
            current = field.Read(current, value);
        }
        return current;
    }

    /// <summary>All keys with their values.</summary>
    public ConfigMap Write(T value) =>
        new("", "", [.. fields.Select(f => KeyValuePair.Create(f.Name, f.Write(value)))]);

    public ConfigSection<T> Text(string name, string help, Func<T, string?> get, Func<T, string?, T> set) =>
        Add(name, help,
        (c, n) => set(c, ConfigValue.IsNull(n) ? null : ConfigValue.Text(n)), c => ConfigValue.Of(get(c)));

    public ConfigSection<T> Real(string name, string help, Func<T, double> get, Func<T, double, T> set,
        double low = double.NegativeInfinity, double high = double.PositiveInfinity) => Add(name, help,
        (c, n) => set(c, ConfigValue.Real(n, low, high)), c => ConfigValue.Of(get(c)));

    public ConfigSection<T> Whole(string name, string help, Func<T, long> get, Func<T, int, T> set,
        int low = 0, int high = int.MaxValue) => Add(name, help,
        (c, n) => set(c, (int)ConfigValue.Whole(n, low, high)), c => ConfigValue.Of(get(c)));

    public ConfigSection<T> Seed(string name, string help, Func<T, ulong> get, Func<T, ulong, T> set) => Add(name, help,
        (c, n) => set(c, (ulong)ConfigValue.Whole(n, 0, long.MaxValue)), c => ConfigValue.Of((long)get(c)));

    public ConfigSection<T> Switch(string name, string help, Func<T, bool> get, Func<T, bool, T> set) => Add(name, help,
        (c, n) => set(c, ConfigValue.Switch(n)), c => ConfigValue.Of(get(c)));

    public ConfigSection<T> Choice<V>(string name, string help, Func<T, V> get, Func<T, V, T> set,
        params (string Name, V Value)[] choices) => Add(name,
        $"{help} ({string.Join(" | ", choices.Select(c => c.Name))})", (c, n) => set(c, ConfigValue.Choice(n, choices)),
        c => ConfigValue.Of(choices.First(x => EqualityComparer<V>.Default.Equals(x.Value, get(c))).Name));

    public ConfigSection<T> Reals(string name, string help, Func<T, IReadOnlyList<double>> get,
        Func<T, IReadOnlyList<double>, T> set, double low = double.NegativeInfinity) => Add(name, help,
        (c, n) => set(c, ConfigValue.List(n, x => ConfigValue.Real(x, low, double.PositiveInfinity))),
        c => ConfigValue.Of(get(c).Select(x => ConfigValue.Of(x))));

    public ConfigSection<T> Wholes(string name, string help, Func<T, IReadOnlyList<int>> get,
        Func<T, IReadOnlyList<int>, T> set, int low = 0) => Add(name, help,
        (c, n) => set(c, ConfigValue.List(n, x => (int)ConfigValue.Whole(x, low, int.MaxValue))),
        c => ConfigValue.Of(get(c).Select(x => ConfigValue.Of((long)x))));

    public ConfigSection<T> Texts(string name, string help, Func<T, IReadOnlyList<string>> get,
        Func<T, IReadOnlyList<string>, T> set) => Add(name, help,
        (c, n) => set(c, ConfigValue.List(n, ConfigValue.Text)),
        c => ConfigValue.Of(get(c).Select(x => ConfigValue.Of(x))));

    /// <summary>A size in memory: bytes, or with KiB, MiB, GiB; null for none.</summary>
    public ConfigSection<T> Bytes(string name, string help, Func<T, long?> get, Func<T, long?, T> set) =>
        Add(name, help,
        (c, n) => set(c, ConfigValue.IsNull(n) ? null : ByteSize.TryParse(ConfigValue.Text(n), out long b)
            ? b : throw ConfigValue.Wrong(n, "a size such as 2GiB or 512MiB")),
        c => ConfigValue.Of(get(c) is { } b ? ByteSize.Exact(b) : null));

    public ConfigSection<T> Nested<V>(string name, string help, Func<T, V> get, Func<T, V, T> set,
        ConfigSection<V> section) =>
        Add(name, help, (c, n) => set(c, section.Overlay(get(c), n)), c => section.Write(get(c)));

    public ConfigSection<T> Add(string name, string help, Func<T, ConfigNode, T> read, Func<T, ConfigNode> write)
    {
        fields.Add(new ConfigField<T>(name, help, read, write));
        return this;
    }
}

/// <summary>Sizes in memory as people write them.</summary>
public static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] Units =
        [("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("B", 1)];

    /// <summary>Reads "2GiB", "512 MiB", "1.5GB" or a plain number of bytes.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        text = text.Trim();
        long scale = 1;
        foreach (var (unit, size) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (text, scale) = (text[..^unit.Length].Trim(), size);
            break;
        }
        bool ok = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value * scale < long.MaxValue;
        bytes = ok ? (long)(value * scale) : 0;
        return ok;
    }

    /// <summary>The size in the largest unit that gives a whole number.</summary>
    public static string Exact(long bytes)
    {
        var (unit, size) = Units.First(u => u.Unit.Length != 2 && bytes % u.Bytes == 0);
        return (bytes / size).ToString(CultureInfo.InvariantCulture) + unit;
    }

    /// <summary>The size for people, three digits.</summary>
    public static string Rounded(double bytes) => bytes >= 1L << 30
        ? (bytes / (1L << 30)).ToString("0.00", CultureInfo.InvariantCulture) + " GiB"
        : (bytes / (1L << 20)).ToString("0.0", CultureInfo.InvariantCulture) + " MiB";
}
