namespace Krait.Imaging;

/// <summary>A volume of real numbers, such as a CT or MR series.</summary>
public sealed class Volume
{
    /// <param name="geometry">Size and place.</param>
    /// <param name="channels">Samples a voxel, at least 1.</param>
    /// <param name="samples">[D, H, W, C] float32; not copied.</param>
    /// <exception cref="ArgumentException">If there are not D x H x W x C samples.</exception>
    public Volume(VolumeGeometry geometry, int channels, float[] samples)
    {
        if (channels < 1 || samples.LongLength != (long)geometry.Voxels * channels)
        {
            throw new ArgumentException($"volume: {geometry} voxels of {channels} channels are needed; got "
                + $"{samples.LongLength} samples.");
        }

        (Geometry, Channels, Samples) = (geometry, channels, samples);
    }

    public VolumeGeometry Geometry { get; }

    public int Channels { get; }

    /// <summary>[D, H, W, C], in the units of the file (Hounsfield units for CT).</summary>
    public float[] Samples { get; }
}
