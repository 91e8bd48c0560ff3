using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;
using Krait.Training.Tests.Losses;

namespace Krait.Training.Tests.Trainers;

public sealed class TrainingPartsTests
{
    static readonly Shape Labels = new(2, 8, 8, 1);

    public static TheoryData<LossKind, int> Fitting()
    {
        var data = new TheoryData<LossKind, int>();
        foreach (LossKind kind in Enum.GetValues<LossKind>())
        {
            if (kind is not (LossKind.CrossEntropy or LossKind.CeDice or LossKind.DcTopK))
                data.Add(kind, 1);
            if (kind is not (LossKind.Bce or LossKind.BceDice or LossKind.GtBceDice or LossKind.DcBce))
                data.Add(kind, 3);
        }
        return data;
    }

    /// <summary>A step against the gradient lowers the loss, with and without weights and with several outputs.</summary>
    [Theory]
    [MemberData(nameof(Fitting))]
    public void Every_loss_can_be_descended(LossKind kind, int outputs)
    {
        double[] weights = outputs == 1 ? [1, 3] : [1, 2, 3];
        foreach (double[] classWeights in (double[][])[[], weights])
        {
            var loss = TrainingParts.Loss(new LossConfig { Kind = kind, ClassWeights = classWeights }, outputs);
            var shape = new Shape(2, 8, 8, outputs);
            float[] x = TracedLoss.Numbers(shape.Count, 1, -1, 1);
            float[] labels = [.. Enumerable.Range(0, 128).Select(i => (float)(i / 5 % Math.Max(2, outputs)))];
            Value Build(Value[] v) => loss([v[0], Coarse(v[0], 4), Coarse(v[0], 2)], v[1]);
            (float before, float[] gradient) = TracedLoss.Run(Build, (shape, x), (Labels, labels));
            float[] moved = [.. x.Zip(gradient, (a, g) => a - g)];
            (float after, _) = TracedLoss.Run(Build, (shape, moved), (Labels, labels));
            Assert.True(float.IsFinite(before) && after < before, $"{kind}, {outputs}: {before} then {after}");
        }
    }

    static Value Coarse(Value x, int size) => AdaptivePool.Apply(x, PoolKind.Average, (1, size, size));

    [Fact]
    public void For_one_foreground_class_nnunets_loss_is_that_of_two_softmax_channels()
    {
        float[] x = TracedLoss.Numbers(128, 2, -2, 2), pairs = [.. x.SelectMany(v => (float[])[0, v])];
        float[] labels = [.. Enumerable.Range(0, 128).Select(i => (float)(i / 7 % 2))];
        foreach (double[] weights in (double[][])[[], [0.5, 2]])
        {
            var config = new LossConfig { Kind = LossKind.DcCe, ClassWeights = weights, BatchDice = true };
            (float one, float[] gradient) = TracedLoss.Run(v => TrainingParts.Loss(config, 1)([v[0]], v[1]),
                (Labels, x), (Labels, labels));
            (float two, float[] expected) = TracedLoss.Run(v => TrainingParts.Loss(config, 2)([v[0]], v[1]),
                (new Shape(2, 8, 8, 2), pairs), (Labels, labels));
            Assert.Equal(two, one, 1e-5);
            for (int i = 0; i < x.Length; i++)
                Assert.Equal(expected[(2 * i) + 1], gradient[i], 1e-6);
        }
    }

    [Fact]
    public void Targets_of_coarse_outputs_are_nearest_elements_and_weights_halve()
    {
        float[] labels = [.. Enumerable.Range(0, 128).Select(i => (float)(i * 7 % 3))];
        var config = new LossConfig { Kind = LossKind.CrossEntropy };
        var shape = new Shape(2, 8, 8, 3);
        float[] x = TracedLoss.Numbers(shape.Count, 3, -2, 2);
        (float together, _) = TracedLoss.Run(
            v => TrainingParts.Loss(config, 3)([v[0], Coarse(v[0], 4), Coarse(v[0], 2)], v[1]),
            (shape, x), (Labels, labels));
        float[] half = [.. Enumerable.Range(0, 32).Select(i => labels[(i / 16 * 64) + (i / 4 % 4 * 16) + (i % 4 * 2)])];
        (float fine, _) = TracedLoss.Run(v => Training.Losses.CrossEntropy(v[0], v[1]), (shape, x), (Labels, labels));
        (float coarse, _) = TracedLoss.Run(v => Training.Losses.CrossEntropy(Coarse(v[0], 4), v[1]), (shape, x),
            (new Shape(2, 4, 4, 1), half));
        Assert.Equal((2 * fine / 3) + (coarse / 3), together, 1e-5);
    }

    public static TheoryData<LossConfig, int, string> Unfitting() => new()
    {
        { new() { Kind = LossKind.BceDice }, 3, "ce_dice" },
        { new() { Kind = LossKind.GtBceDice }, 3, "ce_dice" },
        { new() { Kind = LossKind.CeDice }, 1, "bce_dice" },
        { new() { Kind = LossKind.DcTopK }, 1, "dc_ce" },
        { new() { Kind = LossKind.DcCe, Background = true }, 1, "loss.background" },
        { new() { ClassWeights = [1, 2] }, 3, "got 2" },
        { new() { ClassWeights = [0, 0, 0] }, 3, "class_weights" },
    };

    [Theory]
    [MemberData(nameof(Unfitting))]
    public void Losses_that_do_not_fit_are_refused(LossConfig config, int outputs, string words)
    {
        var e = Assert.Throws<ConfigException>(() => TrainingParts.Loss(config, outputs));
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new double[] { 1, 2 })]
    [InlineData(new double[] { 0 })]
    public void Weights_of_outputs_must_fit_the_network(double[] weights)
    {
        Value x = new Program(true).Input("x", Labels), t = x.Program.Input("t", Labels);
        var loss = TrainingParts.Loss(new LossConfig { OutputWeights = weights }, 1);
        Assert.Throws<ConfigException>(() => loss([x], t));
    }

    [Fact]
    public void Every_optimizer_can_be_named_and_lowers_a_square()
    {
        using Device device = CpuDevice.Create(1);
        foreach (OptimizerKind kind in Enum.GetValues<OptimizerKind>())
        {
            using var store = new ParameterStore();
            Parameter p = store.Declare("p", ParameterKind.Weight, new Shape(3), null, (_, _, v) => v.Fill(2));
            store.Initialize(0);
            Optimizer optimizer = TrainingParts.Optimizer(new OptimizerConfig { Kind = kind }, device, store);
            for (int i = 0; i < 3; i++)
            {
                store.Gradient(p).Fill(store.Values(p)[0]);
                optimizer.Step([p], 0.1);
            }
            Assert.InRange(store.Values(p)[0], 0, 1.99995); // Adadelta begins with tiny steps.
        }
    }
}
