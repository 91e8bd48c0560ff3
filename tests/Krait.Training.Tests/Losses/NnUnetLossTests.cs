using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training.Tests.Losses;

public sealed class NnUnetLossTests
{
    const int Classes = 3, Pixels = 6, Batch = 2, Ignored = 7;

    static readonly Shape Logits = new(Batch, 2, 3, Classes);
    static readonly Shape Labels = new(Batch, 2, 3, 1);

    [Theory]
    [InlineData(true, true, 1e-5)]
    [InlineData(true, false, 1)]
    [InlineData(false, true, 0)]
    [InlineData(false, false, 1e-5)]
    public void DiceCe_equals_its_equation_where_ignored_positions_count_nowhere(bool batch, bool background,
        double smooth)
    {
        float[] x = TracedLoss.Numbers(Logits.Count, 1, -3, 3);
        float[] labels = [0, 2, 1, Ignored, 0, 2, 1, 1, Ignored, 0, 2, 0];
        var settings = new SoftDiceSettings { IsBatch = batch, HasBackground = background, Smooth = smooth };
        (float loss, float[] gradient) = TracedLoss.Run(
            v => NnUnetLosses.DiceCe(v[0], v[1], settings, 0.7, 1.3, Ignored), (Logits, x), (Labels, labels));
        double[][] p = Softmaxed(x);
        int[] counted = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != Ignored)];
        double ce = counted.Average(i => -Math.Log(p[i][(int)labels[i]]));
        Assert.Equal((0.7 * ce) - (1.3 * Dice(p, labels, counted, settings)), loss, 1e-5);
        Assert.All(Enumerable.Range(0, labels.Length).Except(counted),
            i => Assert.Equal([0, 0, 0], gradient[(i * Classes)..((i + 1) * Classes)]));
        Assert.All(counted, i => Assert.True(Math.Abs(gradient[i * Classes]) > 0));
    }

    [Fact]
    public void Top_percent_takes_the_largest_terms()
    {
        float[] x = TracedLoss.Numbers(Logits.Count, 2, -3, 3);
        float[] labels = [0, 2, 1, 1, 0, 2, 1, 1, 0, 0, 2, 0];
        var settings = new SoftDiceSettings { IsBatch = true };
        (float loss, _) = TracedLoss.Run(v => NnUnetLosses.DiceTopK(v[0], v[1], settings, percent: 30),
            (Logits, x), (Labels, labels));
        double[][] p = Softmaxed(x);
        double top = p.Select((q, i) => -Math.Log(q[(int)labels[i]])).OrderDescending().Take(3).Average();
        Assert.Equal(top - Dice(p, labels, [.. Enumerable.Range(0, labels.Length)], settings), loss, 1e-5);
    }

    [Fact]
    public void A_batch_of_ignored_positions_has_a_finite_loss_and_no_gradient()
    {
        (float loss, float[] gradient) = TracedLoss.Run(
            v => NnUnetLosses.DiceCe(v[0], v[1], new SoftDiceSettings(), ignored: Ignored),
            (Logits, TracedLoss.Numbers(Logits.Count, 3, -3, 3)),
            (Labels, [.. Enumerable.Repeat((float)Ignored, Batch * Pixels)]));
        Assert.Equal(-1, loss, 1e-6);
        Assert.All(gradient, g => Assert.Equal(0f, g));
    }

    [Fact]
    public void Masked_regions_divide_the_bce_by_the_positions_that_count()
    {
        float[] x = TracedLoss.Numbers(Logits.Count, 4, -3, 3), t = TracedLoss.Numbers(Logits.Count, 5, 0, 1);
        float[] mask = [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1];
        (float loss, _) = TracedLoss.Run(
            v => NnUnetLosses.DiceBce(v[0], v[1], new SoftDiceSettings(), diceWeight: 0, mask: v[2]),
            (Logits, x), (Logits, t), (Labels, mask));
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double s = 1 / (1 + Math.Exp(-x[i]));
            sum -= mask[i / Classes] * ((t[i] * Math.Log(s)) + ((1 - t[i]) * Math.Log(1 - s)));
        }
        Assert.Equal(sum / 10, loss, 1e-4);
    }

    [Fact]
    public void Labels_of_a_class_cannot_be_ignored_nor_the_only_class_left_out()
    {
        var program = new Program(true);
        Value x = program.Input("x", Logits), t = program.Input("t", Labels);
        Assert.Throws<ShapeException>(() => NnUnetLosses.DiceCe(x, t, new SoftDiceSettings(), ignored: 2));
        Assert.Throws<ShapeException>(() => NnUnetLosses.SoftDice(t, t, new SoftDiceSettings()));
        Assert.Throws<ShapeException>(() => NnUnetLosses.DiceBce(x, t, new SoftDiceSettings()));
    }

    static double Dice(double[][] p, float[] labels, int[] counted, SoftDiceSettings s)
    {
        var scores = new List<double>();
        for (int b = 0; b < (s.IsBatch ? 1 : Batch); b++)
            for (int k = s.HasBackground ? 0 : 1; k < Classes; k++)
            {
                int[] of = [.. counted.Where(i => s.IsBatch || i / Pixels == b)];
                double both = of.Where(i => labels[i] == k).Sum(i => p[i][k]);
                double sizes = of.Sum(i => p[i][k]) + of.Count(i => labels[i] == k);
                scores.Add(((2 * both) + s.Smooth) / (sizes + s.Smooth));
            }
        return scores.Average();
    }

    static double[][] Softmaxed(float[] x) => [.. Enumerable.Range(0, x.Length / Classes).Select(i =>
    {
        double[] e = [.. Enumerable.Range(0, Classes).Select(k => Math.Exp(x[(i * Classes) + k]))];
        return e.Select(v => v / e.Sum()).ToArray();
    })];
}
