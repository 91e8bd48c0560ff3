using Krait.Engine.Ops;

namespace Krait.Engine.Tests.Ops;

public sealed class TransposeTests
{
    public static TheoryData<int[]> Shapes =>
        new() { { [2, 3, 5] }, { [1, 17, 33] }, { [2, 3, 5, 7] }, { [1, 2, 3, 2, 40] }, { [3, 1, 1] } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Positions_and_channels_change_places(int[] dims)
    {
        var shape = new Shape(dims);
        int batch = shape.Batch, rows = (int)shape.RowsPerSample, width = shape.Width;
        new OpCheck().Run([shape], x => Transpose.Apply(x[0]), x =>
        {
            var y = new double[x[0].Length];
            for (int b = 0; b < batch; b++)
                for (int r = 0; r < rows; r++)
                    for (int c = 0; c < width; c++)
                        y[(((b * width) + c) * rows) + r] = x[0][(((b * rows) + r) * width) + c];
            return y;
        });
    }
}
