using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class MatMulTests
{
    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.Silu)]
    public void Linear_layer_and_its_gradients_equal_the_double_oracle(Activation activation)
    {
        foreach (bool isTraining in new[] { false, true })
            // |z| stays within 7, where the oracle's series is exact enough to be differenced.
            new OpCheck { IsTraining = isTraining, Draw = (_, _, u) => u }.Run(
                [new Shape(2, 3, 5), new Shape(37, 5), new Shape(37), new Shape(2, 3, 37)],
                x => MatMul.Apply(x[0], x[1], x[2], activation, x[3]),
                x => Product(x[0], x[1], 5, n => x[2][n], activation, i => x[3][i]));
    }

    [Theory]
    [InlineData(9, 4, 1)]
    [InlineData(150, 7, 3)]
    [InlineData(3, 33, 65)]
    public void Products_without_bias_equal_the_double_oracle(int rows, int inner, int outer) =>
        new OpCheck().Run([new Shape(rows, inner), new Shape(outer, inner)], x => MatMul.Apply(x[0], x[1]),
            x => Product(x[0], x[1], inner, _ => 0, Activation.None, _ => 0));

    static double[] Product(double[] x, double[] w, int inner, Func<int, double> bias, Activation activation,
        Func<int, double> addend)
    {
        int rows = x.Length / inner, outer = w.Length / inner;
        var y = new double[rows * outer];
        for (int i = 0; i < y.Length; i++)
        {
            double z = bias(i % outer);
            for (int k = 0; k < inner; k++)
                z += x[i / outer * inner + k] * w[i % outer * inner + k];
            y[i] = addend(i) + activation switch
            {
                Activation.Relu => Math.Max(z, 0),
                Activation.Gelu => z * NormalCdf(z),
                Activation.Silu => z / (1 + Math.Exp(-z)),
                _ => z,
            };
        }
        return y;
    }

    /// <summary>By its power series.</summary>
    static double NormalCdf(double z)
    {
        double term = z, sum = z;
        for (int n = 1; n < 200; n++)
        {
            term *= -z * z / (2 * n);
            sum += term / (2 * n + 1);
        }
        return 0.5 + sum / Math.Sqrt(2 * Math.PI);
    }

    [Theory]
    [InlineData(5000, 3, 2)]
    [InlineData(2100, 40, 70)]
    public void Weight_gradient_over_slabs_equals_the_loop_in_double(int rows, int inner, int outer)
    {
        using Device one = CpuDevice.Create(1), two = CpuDevice.Create(2);
        float[] x = Noise(new Shape(rows, inner), 3), dy = Noise(new Shape(rows, outer), 4);
        float[] dw = WeightGradient(one, x, dy, rows, inner, outer);
        Assert.Equal(dw, WeightGradient(two, x, dy, rows, inner, outer));
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                double sum = 0;
                for (int m = 0; m < rows; m++)
                    sum += (double)dy[m * outer + o] * x[m * inner + i];
                Assert.Equal(sum, dw[o * inner + i], 2e-3);
            }
        }
    }

    static float[] WeightGradient(Device device, float[] x, float[] dy, int rows, int inner, int outer)
    {
        using var store = new ParameterStore();
        var program = new Program(false);
        Value input = program.Input("x", new Shape(rows, inner));
        Value gradient = program.Input("dy", new Shape(rows, outer));
        Value dw = program.Keep(
            MatMulGradient.Apply(gradient, input, new Shape(outer, inner), CostKind.Linear), "dw");
        using var plan = new Plan(program, device, store);
        x.CopyTo(plan[input].AsSpan());
        dy.CopyTo(plan[gradient].AsSpan());
        plan.Run();
        return plan[dw].AsSpan().ToArray();
    }

    static float[] Noise(Shape shape, int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    [Fact]
    public void Multiply_adds_are_outputs_times_inner_extent()
    {
        var program = new Program(false);
        MatMul.Apply(program.Input("x", new Shape(2, 3, 5)), program.Input("w", new Shape(7, 5)));
        Assert.Equal(2 * 3 * 7 * 5, program.Ops.Sum(op => op.Cost.Macs));
    }

    [Fact]
    public void Wrong_shapes_name_the_rule_and_what_came()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(2, 5)), w = program.Input("w", new Shape(3, 4));
        Assert.Contains("[2, 5]", Assert.Throws<ShapeException>(() => MatMul.Apply(x, w)).Message);
    }
}
