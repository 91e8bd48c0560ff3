using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;
using Krait.Training.Data;
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

    /// <summary>A step against the gradient lowers the loss,
    /// with and without weights and with several outputs.</summary>
    [Theory]
    [MemberData(nameof(Fitting))]
    public void Every_loss_can_be_descended(LossKind kind, int outputs)
    {
        double[] weights = outputs == 1 ? [1, 3] : [1, 2, 3];
        foreach (double[] classWeights in (double[][])[[], weights])
        {
            var loss = ConfiguredLoss.Of(new LossConfig { Kind = kind, ClassWeights = classWeights }, outputs);
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
            (float one, float[] gradient) = TracedLoss.Run(v => ConfiguredLoss.Of(config, 1)([v[0]], v[1]),
                (Labels, x), (Labels, labels));
            (float two, float[] expected) = TracedLoss.Run(v => ConfiguredLoss.Of(config, 2)([v[0]], v[1]),
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
            v => ConfiguredLoss.Of(config, 3)([v[0], Coarse(v[0], 4), Coarse(v[0], 2)], v[1]),
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
        var e = Assert.Throws<ConfigException>(() => ConfiguredLoss.Of(config, outputs));
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    static readonly LabelRegion[] Regions = [new("whole", [1, 2], 1), new("core", [2], 2)];

    /// <summary>Loss, outputs, whether regions are learned.</summary>
    public static TheoryData<LossKind, int, bool> Ignoring() => new()
    {
        { LossKind.Auto, 1, false }, { LossKind.Bce, 1, false }, { LossKind.DcCe, 1, false },
        { LossKind.DcBce, 1, false },
        { LossKind.SoftDice, 1, false }, { LossKind.Auto, 3, false }, { LossKind.CrossEntropy, 3, false },
        { LossKind.DcCe, 3, false }, { LossKind.DcTopK, 3, false }, { LossKind.SoftDice, 3, false },
        { LossKind.Auto, 2, true }, { LossKind.Bce, 2, true }, { LossKind.DcBce, 2, true },
        { LossKind.SoftDice, 2, true },
    };

    /// <summary>Ignored positions have no gradient, and what the network says there changes nothing;
    /// the others learn.</summary>
    [Theory]
    [MemberData(nameof(Ignoring))]
    public void Ignored_positions_count_nowhere(LossKind kind, int outputs, bool hasRegions)
    {
        var coding = new TargetCoding(hasRegions ? 3 : Math.Max(2, outputs), hasRegions ? Regions : [],
            HasIgnored: true);
        double[] some = [1, 3, 2];
        foreach (double[] weights in hasRegions ? (double[][])[[]] : [[], some[..coding.Classes]])
        {
            var loss = ConfiguredLoss.Of(new LossConfig { Kind = kind, ClassWeights = weights, TopPercent = 70 },
                outputs, coding);
            var shape = new Shape(2, 8, 8, outputs);
            float[] x = TracedLoss.Numbers(shape.Count, 1, -1, 1);
            float[] labels = [.. Enumerable.Range(0, 128)
                .Select(i => i % 3 == 0 ? MaskCoding.Ignored : (float)(i / 5 % coding.Classes))];
            float[] other = [.. x.Select((v, i) => i / outputs % 3 == 0 ? -2 * v : v)];
            (float before, float[] gradient) = TracedLoss.Run(v => loss([v[0]], v[1]), (shape, x), (Labels, labels));
            (float same, _) = TracedLoss.Run(v => loss([v[0]], v[1]), (shape, other), (Labels, labels));
            float[] moved = [.. x.Zip(gradient, (a, g) => a - g)];
            (float after, _) = TracedLoss.Run(v => loss([v[0]], v[1]), (shape, moved), (Labels, labels));
            Assert.Equal(before, same, 1e-6);
            Assert.All(gradient.Where((_, i) => i / outputs % 3 == 0), g => Assert.Equal(0, g));
            Assert.Contains(gradient, g => g != 0);
            Assert.True(float.IsFinite(before) && after < before, $"{kind}, {outputs}: {before} then {after}");
        }
    }

    [Fact]
    public void Regions_are_compared_with_unions_of_classes()
    {
        var shape = new Shape(2, 8, 8, 2);
        float[] x = TracedLoss.Numbers(shape.Count, 6, -2, 2);
        float[] labels = [.. Enumerable.Range(0, 128)
            .Select(i => i % 7 == 0 ? MaskCoding.Ignored : (float)(i / 3 % 3))];
        float[] unions = [.. labels.SelectMany(l => (float[])[l is 1 or 2 ? 1 : 0, l == 2 ? 1 : 0])];
        float[] mask = [.. labels.Select(l => l == MaskCoding.Ignored ? 0f : 1f)];
        var config = new LossConfig { BatchDice = true, PixelWeight = 0.7, DiceWeight = 1.3 };
        var soft = new SoftDiceSettings { IsBatch = true, HasBackground = true };
        (float loss, float[] gradient) = TracedLoss.Run(
            v => ConfiguredLoss.Of(config, 2, new TargetCoding(3, Regions, true))([v[0]], v[1]), (shape, x),
            (Labels, labels));
        (float expected, float[] expectedGradient) = TracedLoss.Run(
            v => NnUnetLosses.DiceBce(v[0], v[1], soft, 0.7, 1.3, v[2]), (shape, x), (shape, unions), (Labels, mask));
        Assert.Equal(expected, loss, 1e-6);
        Assert.All(gradient.Zip(expectedGradient), g => Assert.Equal(g.Second, g.First, 1e-7));
    }

    [Theory]
    [InlineData(LossKind.BceDice, false, 1, "dc_ce")]
    [InlineData(LossKind.CeDice, false, 3, "dc_ce")]
    [InlineData(LossKind.Dice, false, 3, "soft_dice")]
    [InlineData(LossKind.GtBceDice, false, 1, "gt_bce_dice cannot")]
    [InlineData(LossKind.DcCe, true, 2, "got dc_ce")]
    [InlineData(LossKind.CeDice, true, 2, "dc_bce")]
    public void Losses_that_cannot_ignore_or_learn_regions_say_so(LossKind kind, bool hasRegions, int outputs,
        string words)
    {
        var coding = new TargetCoding(hasRegions ? 3 : Math.Max(2, outputs), hasRegions ? Regions : [], !hasRegions);
        Assert.Contains(words, Assert.Throws<ConfigException>(
            () => ConfiguredLoss.Of(new LossConfig { Kind = kind }, outputs, coding)).Message);
        Assert.Contains("class_weights", Assert.Throws<ConfigException>(() => ConfiguredLoss.Of(
            new LossConfig { ClassWeights = [1, 1, 1] }, 2, new TargetCoding(3, Regions, false))).Message);
    }

    [Theory]
    [InlineData(new double[] { 1, 2 })]
    [InlineData(new double[] { 0 })]
    public void Weights_of_outputs_must_fit_the_network(double[] weights)
    {
        Value x = new Program(true).Input("x", Labels), t = x.Program.Input("t", Labels);
        var loss = ConfiguredLoss.Of(new LossConfig { OutputWeights = weights }, 1);
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
