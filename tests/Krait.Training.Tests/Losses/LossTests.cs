using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training.Tests.Losses;

public sealed class LossTests : IDisposable
{
    readonly Device _device = CpuDevice.Create(1);
    readonly ParameterStore _store = new();

    public void Dispose()
    {
        _device.Dispose();
        _store.Dispose();
    }

    /// <summary>The loss and its gradient with respect to x.</summary>
    (float Loss, float[] Gradient) Run(Shape shape, float[] x, Shape targetShape, float[] target,
        Func<Value, Value, Value> loss)
    {
        var program = new Program(true);
        Value a = program.Input("x", shape), b = program.Input("target", targetShape);
        Value l = program.Keep(loss(a, b), "loss");
        Value dx = program.Keep(Gradients.Append(program, [(l, null)], [a])[a]!, "dx");
        using var plan = new Plan(program, _device, _store);
        x.CopyTo(plan[a].AsSpan());
        target.CopyTo(plan[b].AsSpan());
        plan.Run();
        return (plan[l].AsSpan()[0], plan[dx].AsSpan().ToArray());
    }

    static Value Sigmoid(Value x) => Activate.Apply(x, Activation.Sigmoid);

    static float[] Numbers(int count, int seed, double low, double high)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(low + (random.NextDouble() * (high - low))))];
    }

    [Theory]
    [InlineData(0.3, 2.0)]
    [InlineData(1.0, 0.0)]
    [InlineData(0.0, 1.0)]
    public void Logits_give_what_the_published_form_gives_on_their_sigmoid(double bce, double dice)
    {
        var shape = new Shape(3, 5, 4, 2);
        float[] x = Numbers(120, 1, -4, 4), t = Numbers(120, 2, 0, 1);
        (float loss, float[] gradient) = Run(shape, x, shape, t, (a, b) => Training.Losses.BceDice(a, b, bce, dice));
        (float published, float[] expected) = Run(shape, x, shape, t,
            (a, b) => ProbabilityLosses.BceDice(Sigmoid(a), b, bce, dice));
        Assert.Equal(published, loss, 1e-5);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], gradient[i], 1e-6);
    }

    [Fact]
    public void BceDice_equals_its_equation()
    {
        float[] x = Numbers(24, 3, -3, 3), t = Numbers(24, 4, 0, 1);
        var shape = new Shape(2, 3, 4, 1);
        (float loss, _) = Run(shape, x, shape, t, (a, b) => Training.Losses.BceDice(a, b, 0.7, 1.5, smooth: 2));
        double bce = 0, dice = 0;
        for (int sample = 0; sample < 2; sample++)
        {
            double both = 0, p = 0, sum = 0;
            for (int i = sample * 12; i < (sample + 1) * 12; i++)
            {
                double s = 1 / (1 + Math.Exp(-x[i]));
                bce -= ((t[i] * Math.Log(s)) + ((1 - t[i]) * Math.Log(1 - s))) / 24;
                (both, p, sum) = (both + (s * t[i]), p + s, sum + t[i]);
            }
            dice += (1 - (((2 * both) + 2) / (p + sum + 2))) / 2;
        }
        Assert.Equal((0.7 * bce) + (1.5 * dice), loss, 1e-5);
    }

    [Fact]
    public void CeDice_equals_its_equation()
    {
        const int pixels = 6, classes = 3;
        float[] x = Numbers(pixels * classes, 5, -2, 2), labels = [0, 2, 1, 1, 0, 2];
        (float loss, _) = Run(new Shape(1, 2, 3, classes), x, new Shape(1, 2, 3, 1), labels,
            (a, b) => Training.Losses.CeDice(a, b, 0.4, 0.6));
        double ce = 0;
        var both = new double[classes];
        var sizes = new double[classes];
        for (int i = 0; i < pixels; i++)
        {
            double[] e = [.. Enumerable.Range(0, classes).Select(k => Math.Exp(x[(i * classes) + k]))];
            for (int k = 0; k < classes; k++)
            {
                double p = e[k] / e.Sum(), t = labels[i] == k ? 1 : 0;
                ce -= t * Math.Log(p) / pixels;
                both[k] += p * t;
                sizes[k] += (p * p) + t;
            }
        }
        double dice = Enumerable.Range(0, classes).Average(k => 1 - (((2 * both[k]) + 1e-5) / (sizes[k] + 1e-5)));
        Assert.Equal((0.4 * ce) + (0.6 * dice), loss, 1e-5);
    }

    [Fact]
    public void Saturated_logits_keep_a_useful_gradient()
    {
        var shape = new Shape(1, 1, 2, 1);
        (float loss, float[] gradient) = Run(shape, [-300, 300], shape, [1, 0], (a, b) => Training.Losses.Bce(a, b));
        Assert.Equal(300, loss, 1e-3);
        Assert.Equal([-0.5f, 0.5f], gradient);
    }

    [Fact]
    public void An_empty_mask_without_prediction_costs_nothing()
    {
        var shape = new Shape(1, 2, 2, 1);
        (float loss, _) = Run(shape, [-60, -60, -60, -60], shape, [0, 0, 0, 0],
            (a, b) => Training.Losses.BceDice(a, b));
        Assert.Equal(0, loss, 1e-6);
    }

    [Fact]
    public void Outputs_of_weight_zero_take_no_part()
    {
        double[] weights = DeepSupervision.HalvingWeights(3);
        Assert.Equal([2 / 3.0, 1 / 3.0, 0], weights);
        var shape = new Shape(1, 2, 2, 1);
        (float loss, float[] gradient) = Run(shape, [0, 0, 0, 0], shape, [1, 1, 0, 0], (a, b) =>
            DeepSupervision.Apply([a, a, Affine.Apply(a, float.NaN)], [b, b, b], weights, Training.Losses.Bce));
        Assert.Equal(Math.Log(2), loss, 1e-6);
        Assert.All(gradient, g => Assert.Equal(0.125f, Math.Abs(g), 1e-6));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var program = new Program(true);
        Value x = program.Input("x", new Shape(1, 4, 4, 3)), t = program.Input("t", new Shape(1, 4, 4, 1));
        Assert.Throws<ShapeException>(() => Training.Losses.Bce(x, t));
        Assert.Throws<ShapeException>(() => Training.Losses.Dice(x, t));
        Assert.Throws<ShapeException>(() => Training.Losses.CeDice(x, x));
        Assert.Throws<ArgumentException>(() => Training.Losses.Weighted((t, 0)));
    }
}
