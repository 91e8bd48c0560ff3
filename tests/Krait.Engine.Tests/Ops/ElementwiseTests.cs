using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class ElementwiseTests
{
    static readonly Shape[] Shapes = [new(3, 17), new(1), new(2, 3, 5, 16), new(7, 33), new(2, 257)];

    public static TheoryData<Activation> Activations => [.. Enum.GetValues<Activation>()];

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activation_and_its_slope_equal_the_oracle(Activation activation)
    {
        foreach (Shape shape in Shapes)
            new OpCheck { Draw = (_, _, u) => 6 * u, GradientTolerance = 2e-5 }
                .Run([shape], v => Affine.Apply(Activate.Apply(v[0], activation, 0.1f), 1f),
                    x => [.. x[0].Select(a => Value(activation, a))]);
    }

    static double Value(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Math.Max(x, 0),
        Activation.LeakyRelu => x > 0 ? x : 0.1f * x,
        Activation.Gelu => x * NormalCumulative(x),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        Activation.Exp => Math.Exp(x),
        Activation.Softplus => x > 30 ? x : Math.Log(1 + Math.Exp(x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    /// <summary>Simpson's rule on the density from 0 to x.</summary>
    static double NormalCumulative(double x)
    {
        const int Steps = 400;
        double h = x / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
            sum += Math.Exp(-0.5 * (i * h) * (i * h)) * (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2);
        return 0.5 + (sum * h / 3 / Math.Sqrt(2 * Math.PI));
    }

    [Fact]
    public void Gradient_of_an_activation_takes_in_what_came_before() =>
        new OpCheck().Run([new(3, 21)],
            v => Add.Apply(Activate.Apply(v[0], Activation.Silu), Activate.Apply(v[0], Activation.Tanh)),
            x => [.. x[0].Select(a => (a / (1 + Math.Exp(-a))) + Math.Tanh(a))]);

    [Fact]
    public void Affine_scales_and_shifts() =>
        new OpCheck().Run([new(3, 19)], v => Affine.Apply(v[0], -1.5f, 0.25f),
            x => [.. x[0].Select(a => (-1.5 * a) + 0.25)]);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Scaled_sum_and_gradients_of_every_input(int factors) =>
        new OpCheck().Run([new(3, 5, 19), new(3, 5, 19), factors == 1 ? new Shape(1) : new Shape(factors, 1, 1)],
            v => AddScaled.Apply(v[0], v[1], v[2]),
            x => [.. x[0].Select((a, i) => a + (x[1][i] * x[2][i / (5 * 19) % factors]))]);

    /// <summary>The branch has other uses, whose gradient the op adds to its own in passing.</summary>
    [Fact]
    public void Scaled_sum_of_a_branch_with_two_uses_and_gradients_of_every_input() =>
        new OpCheck().Run([new(3, 5, 19), new(3, 5, 19), new Shape(3, 1, 1)],
            v => Add.Apply(AddScaled.Apply(v[0], v[1], v[2]), v[1]),
            x => [.. x[0].Select((a, i) => a + (x[1][i] * (1 + x[2][i / (5 * 19)])))]);

    public static TheoryData<BinaryKind, int[], int[]> Pairs
    {
        get
        {
            var data = new TheoryData<BinaryKind, int[], int[]>();
            int[][][] pairs =
            [
                [[2, 3, 4, 19], [2, 3, 4, 19]], [[2, 3, 4, 19], [2, 1, 1, 19]], [[2, 3, 4, 19], [2, 3, 4, 1]],
                [[2, 3, 4, 19], [19]], [[2, 3, 4, 19], [1]], [[2, 3, 4, 19], [1, 3, 4, 19]],
                [[2, 3, 4, 19], [2, 1, 1, 1]], [[1, 5, 16], [1, 1, 16]], [[2, 3, 4, 1], [2, 1, 1, 1]], [[1], [1]],
            ];
            foreach (BinaryKind kind in new[] { BinaryKind.Add, BinaryKind.Sub, BinaryKind.Mul, BinaryKind.Div })
                foreach (int[][] pair in pairs)
                    data.Add(kind, pair[0], pair[1]);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Binary_broadcasts_and_its_gradients_sum(BinaryKind kind, int[] large, int[] small) =>
        new OpCheck { Draw = (k, _, u) => k == 1 && kind == BinaryKind.Div ? 1.5 + u : 2 * u }
            .Run([new(large), new(small)], v => Binary.Apply(kind, v[0], v[1]), x =>
            {
                double[] b = Spread(x[1], small, large);
                return [.. x[0].Select((a, i) => kind switch
                {
                    BinaryKind.Add => a + b[i],
                    BinaryKind.Sub => a - b[i],
                    BinaryKind.Mul => a * b[i],
                    _ => a / b[i],
                })];
            });

    /// <summary>numpy's rule: axes of extent 1 repeat; missing first axes count as 1.</summary>
    internal static double[] Spread(double[] x, int[] from, int[] to)
    {
        int[] full = [.. Enumerable.Repeat(1, to.Length - from.Length), .. from];
        var y = new double[to.Aggregate(1, (p, d) => p * d)];
        for (int i = 0; i < y.Length; i++)
        {
            int at = 0, rest = i, stride = 1;
            for (int axis = to.Length - 1; axis >= 0; axis--)
            {
                int index = rest % to[axis];
                rest /= to[axis];
                at += full[axis] == 1 ? 0 : index * stride;
                stride *= full[axis];
            }
            y[i] = x[at];
        }
        return y;
    }

    [Fact]
    public void Binary_refuses_shapes_that_do_not_fit()
    {
        var program = new Program(false);
        Value a = program.Input("a", new Shape(2, 3, 4, 5)), b = program.Input("b", new Shape(2, 3, 1, 4));
        var error = Assert.Throws<ShapeException>(() => Binary.Apply(BinaryKind.Mul, a, b));
        Assert.Contains("[2, 3, 4, 5]", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<ReduceKind, int[], int[]> Reductions
    {
        get
        {
            var data = new TheoryData<ReduceKind, int[], int[]>();
            foreach (int[] shape in new int[][] { [2, 3, 4, 19], [3, 40, 9, 33], [2, 60, 70, 1], [1, 7, 3, 4] })
            {
                foreach (int[] axes in new int[][] { [1, 2], [3], [1, 2, 3], [], [0, 1, 2], [0] })
                    foreach (ReduceKind kind in new[] { ReduceKind.Sum, ReduceKind.Mean })
                        data.Add(kind, shape, axes);
                data.Add(ReduceKind.Max, shape, [-1]);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Reductions))]
    public void Reductions_equal_the_oracle(ReduceKind kind, int[] shape, int[] axes)
    {
        int[] to = [.. shape.Select((d, i) =>
            axes.Length == 0 || axes.Contains(i) || axes.Contains(i - shape.Length) ? 1 : d)];
        int count = to.Aggregate(1, (p, d) => p * d);
        double[] numbers = [.. Enumerable.Range(0, count).Select(i => (double)i)];
        int[] target = [.. Spread(numbers, to, shape).Select(i => (int)i)];
        new OpCheck { MaxPerturbed = 8 }.Run([new(shape)], v => Reduce.Apply(kind, v[0], axes), x =>
        {
            double[] y = [.. Enumerable.Repeat(kind == ReduceKind.Max ? double.NegativeInfinity : 0.0, count)];
            for (int i = 0; i < target.Length; i++)
                y[target[i]] = kind == ReduceKind.Max ? Math.Max(y[target[i]], x[0][i]) : y[target[i]] + x[0][i];
            return kind == ReduceKind.Mean ? [.. y.Select(s => s * count / target.Length)] : y;
        });
    }

    [Fact]
    public void Sum_over_many_rows_does_not_lose_digits() =>
        new OpCheck { Draw = (_, i, u) => 1000 + u, MaxPerturbed = 2, Tolerance = 2e-7 }
            .Run([new(1, 40_000, 3)], v => Reduce.Apply(ReduceKind.Mean, v[0], 1), x =>
            {
                var y = new double[3];
                for (int i = 0; i < x[0].Length; i++)
                    y[i % 3] += x[0][i] / (x[0].Length / 3);
                return y;
            });
}
