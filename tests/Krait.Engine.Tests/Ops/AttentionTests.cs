using Krait.Engine.Ops;

namespace Krait.Engine.Tests.Ops;

public sealed class AttentionTests
{
    [Theory]
    [InlineData(2, 5, 3, 8, 2)]         // few of all
    [InlineData(1, 7, 7, 6, 1)]
    [InlineData(1, 130, 67, 10, 2)]     // more queries and keys than one block has
    [InlineData(2, 1, 1, 4, 4)]         // one key: y = v
    [InlineData(1, 3, 140, 34, 2)]
    public void Attention_weighs_values(int batch, int queries, int keys, int channels, int heads) =>
        new OpCheck { GradientTolerance = 2e-4, MaxPerturbed = 16 }.Run(
            [new Shape(batch, queries, channels), new Shape(batch, keys, channels), new Shape(batch, keys, channels)],
            x => Attention.Apply(x[0], x[1], x[2], heads),
            x => Expected(x, batch, queries, keys, channels, heads));

    [Fact]
    public void Ill_shapes_are_refused()
    {
        var program = new Engine.Programs.Program(isTraining: false);
        Engine.Programs.Value q = program.Input("q", new Shape(2, 5, 6)), k = program.Input("k", new Shape(2, 4, 6));
        Engine.Programs.Value other = program.Input("other", new Shape(1, 4, 6));
        Assert.Throws<ShapeException>(() => Attention.Apply(q, k, k, 4));
        Assert.Throws<ShapeException>(() => Attention.Apply(q, other, other, 2));
        Assert.Throws<ShapeException>(() => Attention.Apply(q, k, q, 2));
    }

    static double[] Expected(double[][] x, int batch, int queries, int keys, int channels, int heads)
    {
        int d = channels / heads;
        var y = new double[batch * queries * channels];
        for (int b = 0; b < batch; b++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    int q = (((b * queries) + i) * channels) + (h * d);
                    int key(int j) => (((b * keys) + j) * channels) + (h * d);
                    double[] weights = [.. Enumerable.Range(0, keys).Select(j => Math.Exp(
                        Enumerable.Range(0, d).Sum(c => x[0][q + c] * x[1][key(j) + c]) / Math.Sqrt(d)))];
                    double sum = weights.Sum();
                    for (int c = 0; c < d; c++)
                        y[q + c] = Enumerable.Range(0, keys).Sum(j => weights[j] * x[2][key(j) + c]) / sum;
                }
        return y;
    }
}
