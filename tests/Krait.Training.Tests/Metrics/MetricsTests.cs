using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training.Tests.Metrics;

public sealed class MetricsTests
{
    [Fact]
    public void Pooled_and_per_image_scores_differ_as_they_should()
    {
        // A small object found half and a large one found well: pooled 0.973, mean of the pictures 0.822.
        byte[] small = Mask(100, 0, 10), smallFound = Mask(100, 5, 15);
        var a = ImageScores.Of("small", smallFound, small, 2);
        Assert.Equal(0.5, a.Dice, 12);
        var matrix = new ConfusionMatrix(2);
        matrix.Add(smallFound, small);
        matrix.Add(Mask(2000, 10, 1000), Mask(2000, 0, 1000));
        Assert.Equal(2.0 * 995 / (2.0 * 995 + 5 + 15), matrix.Pooled().Dice, 12);
        var pooled = matrix.Pooled();
        Assert.Equal(2 * pooled.MeanIoU / (1 + pooled.MeanIoU), pooled.Dice, 12);
    }

    [Fact]
    public void Empty_masks_follow_the_stated_rule()
    {
        byte[] empty = new byte[50], some = Mask(50, 3, 9);
        Assert.Equal(double.NaN, ImageScores.Of("both empty", empty, empty, 2).Dice);
        Assert.Equal(0, ImageScores.Of("false alarm", some, empty, 2).Dice);
        Assert.Equal(0, ImageScores.Of("missed", empty, some, 2).Dice);
        var summary = Summary.Of([double.NaN, 0.5, 1.0]);
        Assert.Equal((0.75, 0.75, 2, 1), (summary.Mean, summary.Median, summary.Count, summary.Undefined));
    }

    [Fact]
    public void A_class_absent_from_a_picture_is_left_out_of_that_pictures_mean()
    {
        byte[] reference = [0, 0, 1, 1, 0, 0], predicted = [0, 0, 1, 1, 0, 0];
        var scores = ImageScores.Of("x", predicted, reference, 3);
        Assert.Equal(1, scores.Dice);
        Assert.Equal([1, double.NaN], scores.ClassDice);
    }

    [Fact]
    public void Multi_class_scores_are_means_over_foreground_classes()
    {
        var matrix = new ConfusionMatrix(3);
        matrix.Add([0, 0, 1, 1, 2, 2, 0, 1], [0, 0, 1, 1, 2, 1, 0, 2]);
        // Class 1: TP 2, FP 1, FN 1; class 2: TP 1, FP 1, FN 1; class 0: TP 3.
        Assert.Equal((2.0 / 4 + 1.0 / 3) / 2, matrix.Pooled().MeanIoU, 12);
        Assert.Equal((1 + 2.0 / 4 + 1.0 / 3) / 3, matrix.Pooled().MeanIoUWithBackground, 12);
        Assert.Equal(6.0 / 8, matrix.Pooled().Accuracy, 12);
        Assert.Throws<ArgumentException>(() => matrix.Add([3], [0]));
        Assert.Throws<ArgumentException>(() => matrix.Add([0, 1], [0]));
    }

    [Fact]
    public void Bootstrap_interval_repeats_and_covers_about_as_often_as_it_says()
    {
        int covered = 0;
        const int Trials = 200, Count = 60;
        for (int t = 0; t < Trials; t++)
        {
            var rng = new Krait.Engine.CounterRng(5, (ulong)t);
            double[] values = [.. Enumerable.Range(0, Count).Select(i => (double)rng.Uniform((ulong)i))];
            var interval = Bootstrap.MeanInterval(values, seed: (ulong)t);
            if (t == 0) Assert.Equal(interval, Bootstrap.MeanInterval(values, seed: 0));
            if (interval.Low <= 0.5 && 0.5 <= interval.High) covered++;
        }
        Assert.InRange(covered, 0.90 * Trials, 0.985 * Trials);
    }

    [Fact]
    public void Summary_knows_median_quartiles_and_spread()
    {
        var s = Summary.Of([4.0, 1.0, 2.0, 3.0]);
        Assert.Equal((2.5, 2.5, 1.75, 3.25), (s.Mean, s.Median, s.LowerQuartile, s.UpperQuartile));
        Assert.Equal(Math.Sqrt(5.0 / 3), s.StandardDeviation, 12);
        Assert.Equal(0, Summary.Of([]).Count);
    }

    [Fact]
    public void Dice_of_two_empty_masks_is_what_the_evaluation_that_is_followed_says()
    {
        bool[] empty = [false, false, false], some = [true, false, true];
        Assert.Equal(0, SurfaceScores.DiceOf(empty, empty));
        Assert.Equal(1, SurfaceScores.DiceOf(empty, empty, bothEmpty: 1));
        Assert.Equal(0, SurfaceScores.DiceOf(some, empty, bothEmpty: 1));
        Assert.Equal(2.0 / 3, SurfaceScores.DiceOf(some, [true, false, false], bothEmpty: 1), 12);
    }

    private static byte[] Mask(int length, int from, int to)
    {
        var mask = new byte[length];
        mask.AsSpan(from, to - from).Fill(1);
        return mask;
    }

    /// <summary>Scores of unions are those of the masks drawn; ignored pixels are as if they were cut out.</summary>
    [Fact]
    public void Regions_are_scored_as_masks_and_ignored_pixels_count_nowhere()
    {
        var random = new Random(4);
        byte[] predicted = [.. Enumerable.Range(0, 400).Select(_ => (byte)random.Next(4))];
        byte[] full = [.. predicted.Select(p => random.Next(3) == 0 ? (byte)random.Next(4) : p)];
        byte[] reference = [.. full.Select((r, i) => i % 5 == 0 ? MaskCoding.Ignored : r)];
        int[] kept = [.. Enumerable.Range(0, 400).Where(i => i % 5 != 0)];
        LabelRegion[] regions = [new("whole", [1, 2, 3], 1), new("part", [1, 3], 3)];
        var matrix = new ConfusionMatrix(4);
        matrix.Add(predicted, reference);
        Assert.Equal(320, matrix.Total);
        foreach (var region in regions)
        {
            bool[] p = [.. kept.Select(i => region.Classes.Contains(predicted[i]))];
            bool[] r = [.. kept.Select(i => region.Classes.Contains(full[i]))];
            long both = p.Zip(r).LongCount(x => x is { First: true, Second: true });
            var counts = new BinaryCounts(both, p.LongCount(x => x) - both, r.LongCount(x => x) - both,
                320 - p.LongCount(x => x) - r.LongCount(x => x) + both);
            Assert.Equal(counts, matrix.Of(region.Classes));
        }
        var image = ImageScores.Of("x", matrix, regions);
        Assert.Equal([matrix.Of([1, 2, 3]).Dice, matrix.Of([1, 3]).Dice], image.ClassDice);
        var scores = EvaluationScores.Of(matrix, [image], regions);
        Assert.Equal(["whole", "part"], scores.Names);
        Assert.Equal(image.ClassDice.Average(), scores.Pooled.Dice, 12);
        // What is predicted where the reference is ignored changes nothing, distances included.
        byte[] other = [.. predicted.Select((p, i) => i % 5 == 0 ? (byte)(3 - p) : p)];
        var grid = new MaskGrid([20, 20]);
        var measures = new CaseMeasures(HasDistances: true, HasObjects: true);
        Assert.Equal(measures.Of(predicted, reference, grid, regions), measures.Of(other, reference, grid, regions));
        Assert.NotEqual(measures.Of(predicted, full, grid, regions), measures.Of(other, full, grid, regions));
    }
}
