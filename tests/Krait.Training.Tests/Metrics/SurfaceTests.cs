using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training.Tests.Metrics;

public sealed class SurfaceTests
{
    private static bool[] Noise(int count, int seed, double share)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < share)];
    }

    [Theory]
    [InlineData(new[] { 7, 9 }, new[] { 1.0, 1.0 }, 0.1)]
    [InlineData(new[] { 1, 12 }, new[] { 0.7, 1.3 }, 0.2)]
    [InlineData(new[] { 4, 5, 6 }, new[] { 2.5, 0.8, 1.1 }, 0.05)]
    public void Distances_are_those_of_a_search_over_all_sites(int[] dims, double[] spacing, double share)
    {
        var grid = new MaskGrid(dims, spacing);
        bool[] sites = Noise(grid.Count, 3, share);
        sites[grid.Count / 2] = true;
        double[] got = DistanceTransform.ToNearest(sites, grid);
        double At(int i, int axis) => i / grid.Stride(axis) % dims[axis] * spacing[axis];
        for (int i = 0; i < got.Length; i++)
        {
            double nearest = Enumerable.Range(0, got.Length).Where(j => sites[j])
                .Min(j => Math.Sqrt(Enumerable.Range(0, dims.Length).Sum(a => Math.Pow(At(i, a) - At(j, a), 2))));
            Assert.Equal(nearest, got[i], 1e-12);
        }
        Assert.All(DistanceTransform.ToNearest(new bool[grid.Count], grid),
            d => Assert.Equal(double.PositiveInfinity, d));
    }

    [Fact]
    public void Areas_are_those_of_planes_and_symmetric()
    {
        double[] areas = SurfaceCells.AreasOfCodes([2, 3, 5]);
        Assert.Equal((0, 0), (areas[0], areas[255]));
        Assert.All(Enumerable.Range(0, 256), code => Assert.Equal(areas[code], areas[code ^ 255]));
        Assert.Equal(3 * 5, areas[0b1111_0000]);                       // A plane across the first axis.
        Assert.Equal(2 * 5, areas[0b1100_1100]);
        Assert.Equal(2 * 3, areas[0b1010_1010]);
        Assert.Equal(0.125 * Math.Sqrt(15 * 15 + 10 * 10 + 6 * 6), areas[1], 1e-12);   // One corner.
    }

    [Fact]
    public void A_shifted_row_of_pixels_has_the_distances_of_the_shift()
    {
        var grid = new MaskGrid([3, 12], [1, 0.5]);
        bool[] a = new bool[36], b = new bool[36];
        for (int x = 2; x < 6; x++) a[12 + x] = true;
        for (int x = 4; x < 8; x++) b[12 + x] = true;
        var s = SurfaceScores.Of(a, b, grid);
        Assert.Equal((0.5, 1.0), (s.Dice, s.Hausdorff));
        Assert.Equal(0.375, s.ToReference, 1e-12);
        Assert.Equal(0.375, s.Symmetric, 1e-12);
        Assert.Equal(1, NormalizedSurfaceDice.Of(a, b, grid, 1).Score, 1e-12);
        Assert.InRange(NormalizedSurfaceDice.Of(a, b, grid, 0.49).Score, 0.2, 0.8);
    }

    [Fact]
    public void Measures_of_a_case_do_not_depend_on_what_lies_around()
    {
        LabelRegion[] regions = [new("organ", [1], 1), new("nowhere", [2], 2)];
        var inner = new MaskGrid([5, 6, 7], [2.5, 0.8, 1.1]);
        bool[] a = Noise(inner.Count, 1, 0.3), b = Noise(inner.Count, 2, 0.3);
        var grid = new MaskGrid([9, 10, 12], inner.Spacing);
        byte[] Placed(bool[] mask)
        {
            var map = new byte[grid.Count];
            for (int i = 0; i < mask.Length; i++)
                map[(i / 42 + 2) * 120 + (i / 7 % 6 + 3) * 12 + i % 7 + 4] = mask[i] ? (byte)1 : (byte)0;
            return map;
        }
        var got = new CaseMeasures(HasDistances: true, Tolerance: 1).Of(Placed(a), Placed(b), grid, regions)
            .ToDictionary(s => s.Name, s => s.Value);
        var expected = SurfaceScores.Of(a, b, inner);
        Assert.Equal(expected.Hausdorff95, got["hd95_organ"], 1e-12);
        Assert.Equal(expected.ToReference, got["asd_organ"], 1e-12);
        Assert.Equal(expected.Symmetric, got["assd_organ"], 1e-12);
        Assert.Equal(NormalizedSurfaceDice.Of(a, b, inner, 1).Score, got["nsd_organ"], 1e-12);
        Assert.All(got.Where(s => s.Key.EndsWith("_nowhere")), s => Assert.True(double.IsNaN(s.Value)));
        Assert.Equal(8, got.Count);
        var miss = new CaseMeasures(HasDistances: true).Of(new byte[grid.Count], Placed(b), grid, regions);
        Assert.Equal([double.NaN, double.NaN, double.NaN, 0], miss.Take(4).Select(s => s.Value));
    }

    [Fact]
    public void Objects_are_paired_one_to_one()
    {
        const string Reference = "11.22", Predicted = "11122";
        byte[] Map(string row) => [.. Enumerable.Repeat(row, 8).SelectMany(r => "......" + r + "......")
            .Select(c => (byte)(c == '.' ? 0 : 1))];
        int[] Numbers(string row) => [.. Enumerable.Repeat(row, 8).SelectMany(r => "......" + r + "......")
            .Select(c => c == '.' ? 0 : c - '0')];
        var grid = new MaskGrid([8, 17]);
        var scores = CellScores.Of(Numbers(Predicted), Numbers(Reference), grid, 0.6, countsBorder: true);
        Assert.Equal(new CellScores(2, 2, 2, 0, 0), scores);
        Assert.Equal(1, CellScores.Of(Numbers(Predicted), Numbers(Reference), grid, 0.7, countsBorder: true).Hits);
        Assert.Equal(0, CellScores.Of(Numbers(Predicted), Numbers(Reference), grid, 0.7).PredictedCount);
        // As components the prediction is one object; its overlap with each of the two is too small.
        var f1 = new CaseMeasures(HasObjects: true, LeastIoU: 0.41).Of(Framed(Map(Predicted)), Framed(Map(Reference)),
            new MaskGrid([14, 17]), [new("cell", [1], 1)]);
        Assert.Equal(("f1_cell", 0.0), f1.Single());
        Assert.True(double.IsNaN(new CaseMeasures(HasObjects: true).Of(new byte[36], new byte[36],
            new MaskGrid([6, 6]), [new("cell", [1], 1)]).Single().Value));
    }

    private static byte[] Framed(byte[] rows) => [.. new byte[3 * 17], .. rows, .. new byte[3 * 17]];

    [Fact]
    public void Components_meet_at_corners_only_if_they_may()
    {
        bool[] mask = [true, false, false, false, true, false, true, false, true];
        var grid = new MaskGrid([3, 3]);
        Assert.Equal([1, 0, 0, 0, 2, 0, 3, 0, 4], ConnectedComponents.Label(mask, grid, 1).Labels);
        Assert.Equal((1, 1),
            (ConnectedComponents.Label(mask, grid, 2).Count, ConnectedComponents.Label(mask, grid, 2).Labels[8]));
    }

    [Fact]
    public void Masks_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new MaskGrid([4]));
        Assert.Throws<ArgumentException>(() => new MaskGrid([4, 0]));
        Assert.Throws<ArgumentException>(() => new MaskGrid([4, 4], [1, 0]));
        Assert.Throws<ArgumentException>(() => new MaskGrid([4, 4], [1, 1, 1]));
        var grid = new MaskGrid([4, 4]);
        Assert.Throws<ArgumentException>(() => SurfaceScores.Of(new bool[16], new bool[15], grid));
        Assert.Throws<ArgumentException>(() => ConnectedComponents.Label(new bool[16], grid, 3));
        Assert.Throws<ArgumentException>(() => CellScores.Of(new int[16], new int[17], grid, 0.5));
    }
}
