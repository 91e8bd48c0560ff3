using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class BatchLoaderTests : IDisposable
{
    private static readonly Preprocessing Small = new() { Height = 24, Width = 24 };
    private readonly TemporaryFolder folder = new();
    private readonly Dataset data;

    public BatchLoaderTests()
    {
        SyntheticLesions.Write(folder.Root, 1, train: 11, val: 0, test: 0, size: 32);
        data = Dataset.Open(folder.Root);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Batches_depend_on_seed_and_epoch_but_not_on_cache_or_prefetch()
    {
        var plain = Content(Loader(new LoaderOptions { Batch = 4, Training = true, Seed = 5, Augmentation = new() }),
            3);
        var other = Content(Loader(new LoaderOptions
        { Batch = 4, Training = true, Seed = 5, Augmentation = new(), CacheBytes = 1 << 20, Prefetch = 5 }), 3);
        Assert.Equal(2, plain.Count);
        Assert.Equal(plain, other);
        Assert.NotEqual(plain,
            Content(Loader(new LoaderOptions { Batch = 4, Training = true, Seed = 5, Augmentation = new() }), 4));
        Assert.NotEqual(plain,
            Content(Loader(new LoaderOptions { Batch = 4, Training = true, Seed = 6, Augmentation = new() }), 3));
        // Going on in the middle of an epoch gives the batches that were left.
        Assert.Equal(plain[1..], Content(Loader(new LoaderOptions
        { Batch = 4, Training = true, Seed = 5, Augmentation = new() }), 3, firstBatch: 1));
    }

    [Fact]
    public void Validation_gives_every_sample_once_in_order()
    {
        var loader = Loader(new LoaderOptions { Batch = 4 });
        var batches = loader.Epoch(0).Select(b => (b.Count, Indices: b.Indices.Take(b.Count).ToArray())).ToList();
        Assert.Equal([4, 4, 3], batches.Select(b => b.Count));
        Assert.Equal(Enumerable.Range(0, 11), batches.SelectMany(b => b.Indices));
    }

    [Fact]
    public void Cache_stays_within_its_bound()
    {
        var loader = Loader(new LoaderOptions { Batch = 4, CacheBytes = 40_000 });
        foreach (var batch in loader.Epoch(0)) Assert.NotNull(batch);
        long one = 24 * 24 * 4 * sizeof(float);
        Assert.Equal(40_000 / one * one, loader.CachedBytes);
    }

    [Fact]
    public void A_batch_larger_than_the_set_shrinks_to_it()
    {
        var loader = Loader(new LoaderOptions { Batch = 64, Training = true });
        Assert.Equal((11, 1), (loader.BatchSize, loader.BatchCount));
    }

    [Fact]
    public void A_damaged_file_ends_the_epoch_with_its_name()
    {
        File.WriteAllText(folder["train", "images", "lesion_0003.png"], "no picture");
        var error = Assert.Throws<ImageFormatException>(() => Loader(new LoaderOptions { Batch = 4 }).Epoch(0).Count());
        Assert.Contains("lesion_0003.png", error.Message);
    }

    [Fact]
    public void Leaving_an_epoch_early_is_harmless()
    {
        var loader = Loader(new LoaderOptions { Batch = 2, Training = true, Prefetch = 3 });
        Assert.Single(loader.Epoch(0).Take(1));
        Assert.Equal(5, loader.Epoch(1).Count());
    }

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 1)]
    [InlineData(true, true, 2)]
    [InlineData(false, false, 3)]
    public void Flips_and_turns_move_image_and_target_alike(bool flipX, bool flipY, int turns)
    {
        float[] grid = [.. Enumerable.Range(0, 25).Select(i => (float)i)];
        float[] image = new float[25], target = new float[25];
        var draw = new Augmentation.Draw(flipX, flipY, turns, 0, 0, 1);
        Augmentation.Apply(new PreparedSample(grid, grid), draw, 5, 5, 1, image, target);
        float[] expected = Krait.Imaging.Transforms.ImageTransforms.Rotate90<float>(grid, 5, 5, 1, turns);
        if (flipX) expected = Krait.Imaging.Transforms.ImageTransforms.FlipHorizontal<float>(expected, 5, 5, 1);
        if (flipY) expected = Krait.Imaging.Transforms.ImageTransforms.FlipVertical<float>(expected, 5, 5, 1);
        Assert.Equal(expected, image);
        Assert.Equal(expected, target);
    }

    [Fact]
    public void Draws_have_their_probabilities_and_differ_between_samples()
    {
        var options = new AugmentationOptions
        {
            RotateProbability = 0.25,
            RotateDegrees = 30,
            Contrast = 0.2,
            Brightness = 0.1
        };
        var augmentation = new Augmentation(options, 3);
        var draws = Enumerable.Range(0, 4000).Select(i => augmentation.DrawFor(i / 100, i % 100, square: true))
            .ToList();
        Assert.InRange(draws.Count(d => d.FlipX), 1900, 2100);
        Assert.All(Enumerable.Range(0, 4), t => Assert.InRange(draws.Count(d => d.QuarterTurns == t), 900, 1100));
        Assert.InRange(draws.Count(d => d.AngleDegrees != 0), 900, 1100);
        Assert.All(draws, d => Assert.InRange(d.AngleDegrees, -30, 30));
        Assert.True(draws.Select(d => d.Contrast).Distinct().Count() > 3900);
        Assert.All(Enumerable.Range(0, 100), i =>
            Assert.True(augmentation.DrawFor(1, i, square: false).QuarterTurns is 0 or 2));
    }

    [Fact]
    public void Normalisations_do_what_they_say()
    {
        float[] Of(Normalization n, params float[] x)
        {
            new Preprocessing { Normalization = n, Channels = 1 }.Normalize(x);
            return x;
        }
        Assert.Equal([0, 127.5f, 255], Of(Normalization.MinMax255, 10, 20, 30));
        Assert.Equal([0, 0], Of(Normalization.MinMax255, 7, 7));
        Assert.Equal([0, 1], Of(Normalization.Unit, 0, 255));
        Assert.Equal([-1, 1], Of(Normalization.Standardize, 10, 30));
        Assert.Equal([0, 0], Of(Normalization.Standardize, 10, 10));
        Assert.Equal(0f, Of(Normalization.ImageNet, 0.485f * 255)[0], 1e-5f);
    }

    [Fact]
    public void Masks_are_resized_as_configured_and_bilinear_is_for_two_classes()
    {
        var sample = data["train"][0];
        var nearest = new SampleReader(Small, data.Coding).Read(sample).Target;
        Assert.All(nearest, v => Assert.True(v is 0 or 1));
        var bilinear = new SampleReader(Small with { MaskResize = MaskResize.Bilinear }, data.Coding)
            .Read(sample).Target;
        Assert.Contains(bilinear, v => v is > 0 and < 1);
        var three = new MaskCoding
        {
            Kind = MaskKind.Value,
            Classes = [new("a", default, 0), new("b", default, 1), new("c", default, 2)]
        };
        Assert.Throws<ConfigException>(() => new SampleReader(Small with { MaskResize = MaskResize.Bilinear }, three));
    }

    private BatchLoader Loader(LoaderOptions options) =>
        new(data["train"], new SampleReader(Small, data.Coding), options);

    private static List<string> Content(BatchLoader loader, int epoch, int firstBatch = 0) =>
        [.. loader.Epoch(epoch, firstBatch)
        .Select(b => string.Join(' ', b.Indices) + " " + string.Join(' ', b.Image) + " " + string.Join(' ', b.Target))];
}
