using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>What verification sees of a sample whose files can be read and fit each other.</summary>
/// <param name="Size">Size and voxel size.</param>
/// <param name="Hash">Equal for equal pixels or voxels.</param>
/// <param name="Labels">Class numbers, <see cref="MaskCoding.Unknown"/> where a value is no class's.</param>
/// <param name="ValueAt">Value in the mask file at a position; null where it has none.</param>
/// <param name="Draw">A picture of the sample and its labels.</param>
internal sealed record SeenSample(SeenSize Size, string Hash, byte[] Labels, Func<int, int?> ValueAt,
    Func<(Image Picture, byte[] Labels)> Draw);

/// <summary>Size of a sample.</summary>
/// <param name="Text">Columns x rows, of volumes x slices.</param>
/// <param name="Count">Pixels or voxels.</param>
/// <param name="Spacing">Voxel size; null for pictures, and volumes that do not say it.</param>
internal sealed record SeenSize(string Text, long Count, VoxelSize? Spacing);

/// <summary>What verification does differently with pictures and volumes.</summary>
internal interface ISampleInspector
{
    /// <summary>Reads a sample; null where <paramref name="findings"/> say why that cannot be.</summary>
    SeenSample? Look(Sample sample, FindingList findings);
}
