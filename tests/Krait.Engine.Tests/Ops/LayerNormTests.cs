using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class LayerNormTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 3, 3 }, { 5, 7 }, { 2, 16 }, { 3, 17 }, { 4, 24 }, { 3, 33 }, { 2, 96 }, { 530, 40 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Layer_norm_equals_the_oracle(int rows, int width) =>
        new OpCheck { Draw = Draw, MaxPerturbed = 12 }.Run(
            [new(1, rows, width), new(width), new(width)],
            v => LayerNorm.Apply(v[0], v[1], v[2]),
            x => Oracle(x[0], x[1], x[2], width, 1e-5));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Layer_norm_with_gate_equals_the_oracle(int rows, int width) =>
        new OpCheck { Draw = Draw, MaxPerturbed = 12 }.Run(
            [new(1, rows, width), new(width), new(width), new(1, rows, width)],
            v => LayerNormGate.Apply(v[0], v[1], v[2], v[3]),
            x => [.. Oracle(x[0], x[1], x[2], width, 1e-5).Zip(x[3], (y, z) => y * z / (1 + Math.Exp(-z)))]);

    [Fact]
    public void Layer_norm_works_without_scale_or_shift()
    {
        new OpCheck { Draw = Draw }.Run([new(3, 19)], v => LayerNorm.Apply(v[0], null, null, 1e-3f),
            x => Oracle(x[0], null, null, 19, 1e-3f));
        new OpCheck { Draw = Draw }.Run([new(3, 19), new(19)], v => LayerNorm.Apply(v[0], v[1], null),
            x => Oracle(x[0], x[1], null, 19, 1e-5));
    }

    [Fact]
    public void Gradient_adds_to_the_residual_stream() =>
        new OpCheck().Run([new(3, 19), new(19), new(19)],
            v => Add.Apply(v[0], Add.Apply(LayerNorm.Apply(v[0], v[1], v[2]), v[0])),
            x => [.. Oracle(x[0], x[1], x[2], 19, 1e-5).Zip(x[0], (y, a) => y + (2 * a))]);

    /// <summary>Statistics survive a mean that is large against the spread.</summary>
    [Fact]
    public void Layer_norm_of_offset_rows_does_not_cancel() =>
        new OpCheck { Draw = (k, _, u) => k == 0 ? 500 + u : u, Tolerance = 1e-4, GradientTolerance = 1e-3 }.Run(
            [new(4, 96), new(96), new(96)], v => LayerNorm.Apply(v[0], v[1], v[2]),
            x => Oracle(x[0], x[1], x[2], 96, 1e-5));

    static double Draw(int input, int element, double u) => input == 1 ? 1 + (0.5 * u) : 2 * u;

    static double[] Oracle(double[] x, double[]? gamma, double[]? beta, int width, double eps)
    {
        var y = new double[x.Length];
        for (int r = 0; r < x.Length; r += width)
        {
            double mean = 0, variance = 0;
            for (int c = 0; c < width; c++)
                mean += x[r + c] / width;
            for (int c = 0; c < width; c++)
                variance += (x[r + c] - mean) * (x[r + c] - mean) / width;
            for (int c = 0; c < width; c++)
                y[r + c] = ((x[r + c] - mean) / Math.Sqrt(variance + eps) * (gamma?[c] ?? 1)) + (beta?[c] ?? 0);
        }
        return y;
    }
}
