using Krait.Imaging.Codecs;

namespace Krait.Imaging;

/// <summary>A grid of voxels in space.</summary>
/// <param name="Width">Columns (NIfTI's first axis).</param>
/// <param name="Height">Rows.</param>
/// <param name="Depth">Slices.</param>
/// <param name="Affine">Where the voxels lie.</param>
public sealed record VolumeGeometry(int Width, int Height, int Depth, Affine Affine)
{
    /// <summary>Voxels of the grid.</summary>
    public int Voxels => checked(Width * Height * Depth);

    /// <summary>Size of a voxel along slices, rows and columns, mm: the order of [D, H, W] arrays.</summary>
    public IReadOnlyList<double> SpacingMm => [Affine.SpacingMm.Z, Affine.SpacingMm.Y, Affine.SpacingMm.X];

    /// <summary>What the file said of the grid; a result is written with the same words.</summary>
    internal NiftiForms? Forms { get; init; }

    /// <summary>Same size, and no element of the affine differs by more.</summary>
    public bool IsNear(VolumeGeometry other, double toleranceMm = 1e-3) =>
        (Width, Height, Depth) == (other.Width, other.Height, other.Depth) && Affine.IsNear(other.Affine, toleranceMm);

    /// <summary>A grid of other size over the same box in space.</summary>
    public VolumeGeometry Resized(int width, int height, int depth)
    {
        double x = (double)Width / width, y = (double)Height / height, z = (double)Depth / depth;
        Affine map = new([x, 0, 0, (x - 1) / 2, 0, y, 0, (y - 1) / 2, 0, 0, z, (z - 1) / 2]);
        return new VolumeGeometry(width, height, depth, Affine.Of(map));
    }

    /// <summary>columns x rows x slices.</summary>
    public override string ToString() => $"{Width}x{Height}x{Depth}";
}
