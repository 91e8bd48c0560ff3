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

    public VolumeGeometry Geometry { get; }

    /// <summary>[D, H, W].</summary>
    public byte[] Labels { get; }
}
