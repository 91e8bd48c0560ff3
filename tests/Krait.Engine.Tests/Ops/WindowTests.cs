using Krait.Engine.Ops;

namespace Krait.Engine.Tests.Ops;

public sealed class WindowTests
{
    public static TheoryData<int[], int[], int[]> Cases => new()
    {
        { [2, 5, 4, 3], [0, 0, 0], [1, 8, 8] },        // pads at the end
        { [2, 5, 4, 17], [0, 1, 2], [1, 3, 2] },       // crops
        { [1, 3, 6, 2], [0, -2, 3], [1, 4, 5] },       // pads before, crops and pads
        { [1, 2, 3, 4, 5], [-1, 1, -2], [4, 2, 9] },
        { [3, 7, 2], [0, 0, 2], [1, 1, 6] },
        { [1, 2, 2, 1], [0, 5, 0], [1, 2, 2] },        // all of it outside
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_window_crops_and_pads(int[] dims, int[] begin, int[] size)
    {
        var shape = new Shape(dims);
        new OpCheck().Run([shape],
            x => Window.Apply(x[0], (begin[0], begin[1], begin[2]), (size[0], size[1], size[2])),
            x => Expected(x[0], shape, begin, size));
    }

    [Fact]
    public void A_window_of_all_is_the_value_itself()
    {
        var program = new Engine.Programs.Program(isTraining: false);
        var x = program.Input("x", new Shape(1, 2, 3, 4));
        Assert.Same(x, Window.Apply(x, default, (1, 2, 3)));
    }

    static double[] Expected(double[] x, Shape shape, int[] begin, int[] size)
    {
        (int d, int h, int w) = shape.Spatial;
        var y = new List<double>();
        for (int n = 0; n < shape.Batch; n++)
            for (int i = begin[0]; i < begin[0] + size[0]; i++)
                for (int j = begin[1]; j < begin[1] + size[1]; j++)
                    for (int k = begin[2]; k < begin[2] + size[2]; k++)
                        for (int c = 0; c < shape.Width; c++)
                        {
                            bool inside = i >= 0 && i < d && j >= 0 && j < h && k >= 0 && k < w;
                            y.Add(inside ? x[((((((n * d) + i) * h) + j) * w) + k) * shape.Width + c] : 0);
                        }
        return [.. y];
    }
}
