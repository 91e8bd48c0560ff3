using Krait.Imaging;

namespace Krait.Training.Evaluation;

/// <summary>Prediction and reference of one sample on one grid.</summary>
/// <param name="Predicted">Class numbers.</param>
/// <param name="Reference">Class numbers, or <see cref="Data.MaskCoding.Ignored"/>.</param>
/// <param name="Size">[H, W] of a picture, [D, H, W] of a volume.</param>
/// <param name="SpacingMm">Voxel size in the order of the axes, mm; null for pictures, whose pixels have none.</param>
/// <param name="Draw">Draws hit, false alarm and miss; of a volume over one slice.</param>
public sealed record EvaluatedCase(byte[] Predicted, byte[] Reference, IReadOnlyList<int> Size,
    IReadOnlyList<double>? SpacingMm, Func<Image> Draw);
