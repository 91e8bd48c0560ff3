namespace Krait.Imaging;

/// <summary>What a volume file says of itself, without its voxels.</summary>
/// <param name="Geometry">Size and place.</param>
/// <param name="Channels">Samples a voxel: the product of the axes beyond the third.</param>
/// <param name="ElementType">Stored type, such as "int16".</param>
/// <param name="Slope">Samples are slope x stored + intercept; 1 where the file asks for no scaling.</param>
/// <param name="Intercept">See slope.</param>
/// <param name="IsBigEndian">Byte order.</param>
/// <param name="Version">1 or 2.</param>
public sealed record VolumeHeader(VolumeGeometry Geometry, int Channels, string ElementType, double Slope,
    double Intercept, bool IsBigEndian, int Version);
