using System.Globalization;
using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>Distance between neighbouring slices, rows and columns, mm.</summary>
public readonly record struct VoxelSize(double D, double H, double W)
{
    /// <summary>Voxel size of a grid.</summary>
    public static VoxelSize Of(VolumeGeometry geometry)
    {
        var mm = geometry.SpacingMm;
        return new VoxelSize(mm[0], mm[1], mm[2]);
    }

    /// <summary>[D, H, W], mm.</summary>
    public double[] ToArray() => [D, H, W];

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{D:0.###}x{H:0.###}x{W:0.###} mm");

    internal static VoxelSize? Read(ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return null;
        double[] v = [.. ConfigValue.List(node, x => ConfigValue.Real(x, 1e-6, 1e6))];
        return v.Length == 3 ? new VoxelSize(v[0], v[1], v[2])
            : throw ConfigValue.Wrong(node, "three numbers in mm: between slices, rows and columns");
    }

    internal static ConfigNode Write(VoxelSize? size) => size is { } s
        ? ConfigValue.Of(s.ToArray().Select(v => ConfigValue.Of(v))) : ConfigValue.Of((string?)null);
}
