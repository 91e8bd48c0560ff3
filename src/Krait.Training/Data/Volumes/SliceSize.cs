using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>Rows and columns of a slice.</summary>
public readonly record struct SliceSize(int H, int W)
{
    internal static SliceSize? Read(ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return null;
        int[] v = [.. ConfigValue.List(node, x => (int)ConfigValue.Whole(x, 1, 65536))];
        return v.Length is 1 or 2 ? new SliceSize(v[0], v[^1])
            : throw ConfigValue.Wrong(node, "one or two numbers: rows and columns");
    }

    internal static ConfigNode Write(SliceSize? size) => size is { } s
        ? ConfigValue.Of([ConfigValue.Of((long)s.H), ConfigValue.Of((long)s.W)]) : ConfigValue.Of((string?)null);
}
