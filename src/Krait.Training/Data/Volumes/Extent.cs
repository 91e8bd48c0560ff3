using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>Slices, rows and columns.</summary>
public readonly record struct Extent(int D, int H, int W)
{
    /// <summary>Voxels.</summary>
    public int Voxels => checked(D * H * W);

    /// <summary>[D, H, W].</summary>
    public int[] ToArray() => [D, H, W];

    public override string ToString() => $"{D}x{H}x{W}";

    internal static Extent? Read(ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return null;
        int[] v = [.. ConfigValue.List(node, x => (int)ConfigValue.Whole(x, 1, 65536))];
        return v.Length == 3 ? new Extent(v[0], v[1], v[2])
            : throw ConfigValue.Wrong(node, "three numbers: slices, rows and columns");
    }

    internal static ConfigNode Write(Extent? extent) => extent is { } e
        ? ConfigValue.Of(e.ToArray().Select(v => ConfigValue.Of((long)v))) : ConfigValue.Of((string?)null);
}
