namespace Krait.Imaging.Tests.Volumes;

/// <summary>Axes exchanged and reversed: voxels keep their place in space, and the way back is exact.</summary>
public sealed class ReorientationTests
{
    [Theory]
    [InlineData("RAS")]
    [InlineData("LPS")]
    [InlineData("PSR")]
    [InlineData("ASL")]
    [InlineData("SRP")]
    [InlineData("IAL")]
    public void Voxels_keep_their_place_in_space_and_the_way_back_is_exact(string codes)
    {
        VolumeGeometry geometry = new(4, 3, 2, AffineOf(codes));
        Assert.Equal(codes, geometry.Affine.AxisCodes);
        float[] samples = [.. Enumerable.Range(0, 48).Select(i => (float)i)];
        Reorientation turn = Reorientation.ToRas(geometry.Affine);
        VolumeGeometry after = turn.Apply(geometry);
        float[] moved = turn.Apply(samples, geometry, 2);
        Assert.Equal("RAS", after.Affine.AxisCodes);
        Assert.Equal(codes == "RAS", turn.IsIdentity);
        var before = Places(geometry, samples);
        Assert.Equal(before.OrderBy(p => p.Value), Places(after, moved).OrderBy(p => p.Value));
        Assert.Equal(samples, turn.Inverse.Apply(moved, after, 2));
        Assert.True(turn.Inverse.Apply(after).IsNear(geometry));
    }

    [Fact]
    public void Another_grid_over_the_same_box_keeps_the_boxs_corners()
    {
        VolumeGeometry geometry = new(4, 6, 2, AffineOf("LPS"));
        VolumeGeometry finer = geometry.Resized(8, 3, 2);
        Assert.Equal([4.0, 6, 1], finer.SpacingMm);
        Assert.Equal(Corner(geometry, -0.5, -0.5, -0.5), Corner(finer, -0.5, -0.5, -0.5));
        Assert.Equal(Corner(geometry, 3.5, 5.5, 1.5), Corner(finer, 7.5, 2.5, 1.5));
    }

    /// <summary>Spacing 2, 3 and 4 mm along columns, rows and slices.</summary>
    private static Affine AffineOf(string codes)
    {
        double[] rows = [0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30];
        for (int axis = 0; axis < 3; axis++)
        {
            int at = "RASLPI".IndexOf(codes[axis]);
            rows[(at % 3 * 4) + axis] = (at < 3 ? 1 : -1) * (axis + 2);
        }

        return new Affine(rows);
    }

    private static List<(float Value, (double, double, double) Place)> Places(VolumeGeometry g, float[] samples) =>
    [
        .. from k in Enumerable.Range(0, g.Depth)
           from j in Enumerable.Range(0, g.Height)
           from i in Enumerable.Range(0, g.Width)
           from c in Enumerable.Range(0, 2)
           select (samples[((((k * g.Height) + j) * g.Width) + i) * 2 + c], Corner(g, i, j, k)),
    ];

    private static (double, double, double) Corner(VolumeGeometry g, double i, double j, double k)
    {
        double At(int row) => (g.Affine[row, 0] * i) + (g.Affine[row, 1] * j) + (g.Affine[row, 2] * k)
            + g.Affine[row, 3];
        return (At(0), At(1), At(2));
    }
}
