namespace Krait.Training.Tests.Inference;

public sealed class SlidingWindowTests
{
    public static TheoryData<int[], int[]> Sizes => new()
    {
        { [1, 1], [16, 16] }, { [16, 16], [16, 16] }, { [17, 40], [16, 16] }, { [31, 33], [16, 16] },
        { [5, 20, 9], [8, 8, 8] }, { [9, 7, 30], [4, 16, 8] }, { [30], [16] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_position_is_covered_and_windows_end_at_the_border(int[] size, int[] tile)
    {
        var windows = new SlidingWindow(size, tile);
        int count = size.Aggregate(1, (a, b) => a * b);
        var weight = new float[count];
        foreach (var at in windows.Windows)
        {
            windows.Add(new float[tile.Aggregate(1, (a, b) => a * b)], 1, at, new float[count], weight);
            int[] corner = [at.D, at.H, at.W];
            for (int a = 0; a < size.Length; a++)
            {
                int first = corner[3 - size.Length + a];
                Assert.True(size[a] < tile[a] ? first <= 0 && first + tile[a] >= size[a]
                    : first >= 0 && first + tile[a] <= size[a]);
            }
        }
        Assert.All(weight, v => Assert.True(v > 0));
    }

    [Fact]
    public void A_network_that_looks_at_each_voxel_alone_gives_what_it_gives_on_the_whole()
    {
        float[] samples = [.. Enumerable.Range(0, 5 * 20 * 9 * 2).Select(i => MathF.Sin(i))];
        float[] got = new SlidingWindow([5, 20, 9], [8, 8, 8]).Run(samples, 2, 3, window =>
            [.. Enumerable.Range(0, window.Length / 2)
                .SelectMany(i => new[] { window[2 * i], window[2 * i + 1], 7f })]);
        for (int i = 0; i < got.Length / 3; i++)
        {
            Assert.Equal(samples[2 * i], got[3 * i], 1e-5f);
            Assert.Equal(samples[2 * i + 1], got[3 * i + 1], 1e-5f);
            Assert.Equal(7f, got[3 * i + 2], 1e-5f);
        }
    }

    [Fact]
    public void A_narrow_weight_has_no_zeros()
    {
        float[] weight = SlidingWindow.Importance([32, 32], 0.03);
        Assert.All(weight, w => Assert.True(w > 0));
        Assert.Equal(1, weight[16 * 32 + 16]);
        Assert.Equal(weight.Min(), weight[0]);
    }
}
