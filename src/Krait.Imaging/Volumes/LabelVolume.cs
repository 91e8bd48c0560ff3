namespace Krait.Imaging;

/// <summary>A volume of class values.</summary>
public sealed class LabelVolume
{
    /// <param name="geometry">Size and place.</param>
    /// <param name="labels">[D, H, W] values; not copied.</param>
    /// <exception cref="ArgumentException">If there are not D x H x W values.</exception>
    public LabelVolume(VolumeGeometry geometry, byte[] labels)
    {
        if (labels.Length != geometry.Voxels)
        {
            throw new ArgumentException($"label volume: {geometry} voxels are needed; got {labels.Length} values.");
        }

        (Geometry, Labels) = (geometry, labels);
    }

    /// <summary>A stored number as a label.</summary>
    /// <exception cref="ImageFormatException">If it is no whole number from 0 to 255.</exception>
    internal static byte FromNumber(string path, int voxel, float value) =>
        value is >= 0 and <= byte.MaxValue && value == MathF.Floor(value) ? (byte)value
            : throw new ImageFormatException(FormattableString.Invariant(
                $"{Path.GetFileName(path)}: labels are whole numbers from 0 to 255; voxel {voxel} holds {value}."));

    public VolumeGeometry Geometry { get; }

    /// <summary>[D, H, W].</summary>
    public byte[] Labels { get; }
}
