using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class LossTests
{
    [Theory]
    [InlineData(3, 1)]
    [InlineData(5, 5)]
    [InlineData(4, 16)]
    [InlineData(3, 37)]
    public void Softmax_equals_the_oracle(int rows, int width) =>
        new OpCheck { Draw = (_, _, u) => 5 * u }.Run([new(rows, width)], v => Softmax.Apply(v[0]),
            x => Softmaxed(x[0], width));

    [Fact]
    public void Softmax_of_large_logits_does_not_overflow() =>
        new OpCheck { Draw = (_, i, u) => 200 + (50 * u), GradientTolerance = 1e-3, Tolerance = 2e-5 }.Run(
            [new(4, 19)], v => Softmax.Apply(v[0]), x => Softmaxed(x[0], 19));

    [Theory]
    [InlineData(4, false, -100)]
    [InlineData(4, true, -100)]
    [InlineData(19, true, 3)]
    [InlineData(16, false, 2)]
    public void Cross_entropy_equals_the_oracle(int classes, bool weighted, int ignored) =>
        new OpCheck
        {
            Constants = weighted ? [1, 2] : [1],
            Draw = (k, i, u) => k switch { 0 => 4 * u, 1 => i == 5 ? ignored : i * 7 % classes, _ => 1.5 + u },
        }.Run([new(2, 3, 5, classes), new(2, 3, 5, 1), .. weighted ? (Shape[])[new(classes)] : []],
            v => CrossEntropy.Apply(v[0], v[1], weighted ? v[2] : null, ignored),
            x =>
            {
                double[] p = Softmaxed(x[0], classes);
                double loss = 0, total = 0;
                for (int r = 0; r < x[1].Length; r++)
                {
                    int t = (int)x[1][r];
                    if (t == ignored)
                        continue;
                    double w = weighted ? x[2][t] : 1;
                    loss -= w * Math.Log(p[(r * classes) + t]);
                    total += w;
                }
                return [loss / total];
            });

    [Theory]
    [InlineData(4, false, -100)]
    [InlineData(19, true, 3)]
    [InlineData(16, true, 255)]
    public void Cross_entropy_terms_equal_the_oracle(int classes, bool weighted, int ignored) =>
        new OpCheck
        {
            Constants = weighted ? [1, 2] : [1],
            Draw = (k, i, u) => k switch { 0 => 4 * u, 1 => i == 5 ? ignored : i * 7 % classes, _ => 1.5 + u },
        }.Run([new(2, 3, 5, classes), new(2, 3, 5, 1), .. weighted ? (Shape[])[new(classes)] : []],
            v => CrossEntropyTerms.Apply(v[0], v[1], weighted ? v[2] : null, ignored),
            x =>
            {
                double[] p = Softmaxed(x[0], classes);
                return [.. x[1].Select((t, r) => (int)t == ignored ? 0
                    : -(weighted ? x[2][(int)t] : 1) * Math.Log(p[(r * classes) + (int)t]))];
            });

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    public void The_mean_of_the_largest_equals_the_oracle(int top) =>
        new OpCheck { Draw = (_, _, u) => 5 * u }.Run([new(2, 5, 6, 1)], v => TopMean.Apply(v[0], top),
            x => [x[0].OrderDescending().Take(top).Average()]);

    /// <summary>Equal numbers, both signs, zeros of both signs: as many as asked for, the first ones.</summary>
    [Fact]
    public void Among_equal_numbers_the_first_ones_count()
    {
        using Device device = CpuDevice.Create(1);
        using var store = new ParameterStore();
        var program = new Program(true);
        Value x = program.Input("x", new Shape(8, 1));
        Value y = program.Keep(TopMean.Apply(x, 3), "y");
        Value dx = program.Keep(Gradients.Append(program, [(y, null)], [x])[x]!, "dx");
        using var plan = new Plan(program, device, store);
        float[] numbers = [-1, 2, 0, -3, 2, 5, 2, -0f];
        numbers.CopyTo(plan[x].AsSpan());
        plan.Run();
        Assert.Equal(3f, plan[y].AsSpan()[0]);
        Assert.Equal([0, 1 / 3f, 0, 0, 1 / 3f, 1 / 3f, 0, 0], plan[dx].AsSpan().ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(61)]
    public void No_more_than_there_are_can_be_largest(int top)
    {
        Value x = new Program(true).Input("x", new Shape(2, 5, 6, 1));
        Assert.Throws<ShapeException>(() => TopMean.Apply(x, top));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    public void Binary_cross_entropy_of_logits_equals_the_oracle(int width) =>
        new OpCheck { Constants = [1], Draw = (k, i, u) => k == 0 ? 30 * u : i % 3 / 2.0 }.Run(
            [new(2, 7, 5, width), new(2, 7, 5, width)], v => BceWithLogits.Apply(v[0], v[1]),
            x => [x[0].Zip(x[1], (a, t) => (a > 0 ? a + Math.Log(1 + Math.Exp(-a)) : Math.Log(1 + Math.Exp(a)))
                - (t * a)).Average()]);

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    public void Binary_cross_entropy_of_probabilities_equals_the_oracle(int width) =>
        new OpCheck { Constants = [1], Draw = (k, i, u) => k == 0 ? 0.5 + (0.45 * u) : i % 2 }.Run(
            [new(2, 7, 5, width), new(2, 7, 5, width)], v => Bce.Apply(v[0], v[1]),
            x => [x[0].Zip(x[1], (p, t) => -((t * Math.Log(p)) + ((1 - t) * Math.Log(1 - p)))).Average()]);

    /// <summary>Logarithms stop at -100, the gradient's denominator at 1e-12.</summary>
    [Fact]
    public void Certain_probabilities_give_finite_losses_and_gradients()
    {
        using Device device = CpuDevice.Create(1);
        using var store = new ParameterStore();
        var program = new Program(true);
        Value p = program.Input("p", new Shape(4)), t = program.Input("t", new Shape(4));
        Value loss = program.Keep(Bce.Apply(p, t), "loss");
        Value dp = program.Keep(Gradients.Append(program, [(loss, null)], [p])[p]!, "dp");
        using var plan = new Plan(program, device, store);
        new float[] { 0, 1, 0, 1 }.CopyTo(plan[p].AsSpan());
        new float[] { 0, 1, 1, 0 }.CopyTo(plan[t].AsSpan());
        plan.Run();
        Assert.Equal(50f, plan[loss].AsSpan()[0]);
        Assert.Equal([0f, 0f, -0.25e12f, 0.25e12f], plan[dp].AsSpan().ToArray());
    }

    static double[] Softmaxed(double[] x, int width)
    {
        var y = new double[x.Length];
        for (int r = 0; r < x.Length; r += width)
        {
            double max = Enumerable.Range(r, width).Max(i => x[i]);
            double sum = Enumerable.Range(r, width).Sum(i => Math.Exp(x[i] - max));
            for (int i = r; i < r + width; i++)
                y[i] = Math.Exp(x[i] - max) / sum;
        }
        return y;
    }
}
