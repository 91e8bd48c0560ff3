using Krait.Training.Data;

namespace Krait.Training.Tests.Volumes;

public sealed class PatchTests
{
    private static readonly Extent Size = new(6, 9, 12);
    private static readonly Preprocessing Plain = new() { Patch = new Extent(4, 4, 4), Channels = 1 };

    [Fact]
    public void Patches_lie_inside_and_a_share_of_them_about_the_foreground()
    {
        // One voxel of class 1, one of class 2: without oversampling few patches would hold either.
        var volume = Ramp([(Index(1, 1, 2), 1), (Index(4, 7, 10), 2)]);
        var augmentation = new Augmentation(AugmentationOptions.None, 5);
        var sampler = new PatchSampler(Plain, 0.5);
        int first = 0, second = 0, none = 0;
        for (int i = 0; i < 2000; i++)
        {
            var at = sampler.Origin(volume, augmentation.Draws("patch", i / 100, i % 100));
            Assert.InRange(at.D, 0, 2);
            Assert.InRange(at.H, 0, 5);
            Assert.InRange(at.W, 0, 8);
            var target = new float[64];
            sampler.Cut(volume, augmentation, i / 100, i % 100, new float[64], target);
            if (target.Contains(1)) first++;
            if (target.Contains(2)) second++;
            if (target.Sum() == 0) none++;
        }
        Assert.InRange(first, 500, 900);
        Assert.InRange(second, 500, 900);
        Assert.InRange(none, 400, 900);
    }

    [Fact]
    public void Where_voxels_are_ignored_every_patch_holds_one_that_is_not()
    {
        byte[] labels = [.. Enumerable.Repeat(MaskCoding.Ignored, Size.Voxels)];
        (labels[Index(1, 1, 2)], labels[Index(4, 7, 10)]) = (0, 1);
        Assert.Empty(PreparedVolume.AnnotatedOf([0, 1, 2]));
        var volume = Ramp([]) with
        {
            Target = Array.ConvertAll(labels, v => (float)v),
            Places = PreparedVolume.PlacesOf(labels, 2),
            Annotated = PreparedVolume.AnnotatedOf(labels),
        };
        Assert.Equal([Index(4, 7, 10)], Assert.Single(volume.Places));
        int background = 0;
        for (int i = 0; i < 200; i++)
        {
            var target = new float[64];
            new PatchSampler(Plain, 0.3).Cut(volume, new Augmentation(AugmentationOptions.None, 5), 0, i, new float[64],
                target);
            Assert.Contains(target, v => v != MaskCoding.Ignored);
            if (target.Contains(0)) background++;
        }
        Assert.InRange(background, 40, 110);
    }

    [Fact]
    public void Draws_depend_on_seed_epoch_and_index_alone()
    {
        var volume = Ramp([(Index(1, 1, 2), 1)]);
        var options = new AugmentationOptions
        { RotateProbability = 1, ScaleProbability = 1, Contrast = 0.2, Brightness = 0.1 };
        float[] Of(ulong seed, int epoch, int index)
        {
            var image = new float[64];
            var augmentation = new Augmentation(options, seed);
            new PatchSampler(Plain, 0.3).Cut(volume, augmentation, epoch, index, image, new float[64]);
            return image;
        }
        Assert.Equal(Of(1, 2, 3), Of(1, 2, 3));
        Assert.NotEqual(Of(1, 2, 3), Of(2, 2, 3));
        Assert.NotEqual(Of(1, 2, 3), Of(1, 3, 3));
        Assert.NotEqual(Of(1, 2, 3), Of(1, 2, 4));
    }

    [Fact]
    public void A_volume_smaller_than_the_patch_lies_in_its_middle_with_zeros_around()
    {
        var volume = Ramp([]);
        var (image, target) = (new float[8 * 12 * 12], new float[8 * 12 * 12]);
        var p = Plain with { Patch = new Extent(8, 12, 12) };
        new PatchSampler(p, 1).Cut(volume, new Augmentation(AugmentationOptions.None, 1), 0, 0, image, target);
        Assert.Equal(0, image[0]);
        Assert.Equal(volume.Image[0], image[(1 * 12 + 1) * 12]);
        Assert.Equal(volume.Image.Sum(), image.Sum());
    }

    [Fact]
    public void Flips_move_image_and_target_alike()
    {
        var volume = Ramp([(Index(2, 3, 4), 1)]);
        var move = PatchMove.None with { FlipD = true, FlipW = true };
        var (image, target) = Cut(volume, new Extent(1, 2, 3), move);
        for (int d = 0; d < 4; d++)
            for (int h = 0; h < 4; h++)
                for (int w = 0; w < 4; w++)
                {
                    int from = Index(1 + 3 - d, 2 + h, 3 + 3 - w);
                    Assert.Equal(volume.Image[from], image[(d * 4 + h) * 4 + w]);
                    Assert.Equal(volume.Target[from], target[(d * 4 + h) * 4 + w]);
                }
    }

    [Fact]
    public void A_turn_by_a_right_angle_equals_the_exchange_of_axes()
    {
        var volume = Ramp([(Index(2, 3, 4), 1)]);
        var (image, target) = Cut(volume, new Extent(1, 2, 3), PatchMove.None with { TurnD = 90 });
        for (int d = 0; d < 4; d++)
            for (int h = 0; h < 4; h++)
                for (int w = 0; w < 4; w++)
                {
                    // (h, w) about the middle goes to (-w, h).
                    int from = Index(1 + d, 2 + 3 - w, 3 + h);
                    Assert.Equal(volume.Image[from], image[(d * 4 + h) * 4 + w], 1e-3f);
                    Assert.Equal(volume.Target[from], target[(d * 4 + h) * 4 + w]);
                }
    }

    [Fact]
    public void Turns_are_turns_in_millimetres_and_scaling_widens_what_is_seen()
    {
        // A plane that rises by 1 a millimetre along columns; slices are 2 mm apart.
        float[] plane = [.. Enumerable.Range(0, Size.Voxels).Select(i => (float)(i % Size.W))];
        var volume = new PreparedVolume(plane, new float[plane.Length], Size, new VoxelSize(2, 1, 1), []);
        var turned = Cut(volume, new Extent(1, 2, 3), PatchMove.None with { TurnH = 90 }).Image;
        // A step of one slice is two millimetres, so two columns after the turn.
        Assert.Equal(2, Math.Abs(turned[16] - turned[0]), 1e-4f);
        var larger = Cut(volume, new Extent(1, 2, 3), PatchMove.None with { Scale = 2 }).Image;
        Assert.Equal(0.5f, larger[1] - larger[0], 1e-4f);
        Assert.Equal(4.5f, (larger[0] + larger[3]) / 2, 1e-4f);
    }

    [Fact]
    public void Kept_places_are_spread_over_the_class()
    {
        var labels = new byte[50_000];
        for (int i = 10_000; i < 40_000; i++) labels[i] = 2;
        labels[7] = 1;
        var places = PreparedVolume.PlacesOf(labels, 4);
        Assert.Equal([1, PreparedVolume.PlacesPerClass], places.Select(p => p.Length));
        Assert.Equal([7], places[0]);
        Assert.All(places[1], p => Assert.Equal(2, labels[p]));
        Assert.Equal(places[1].Length, places[1].Distinct().Count());
        Assert.True(places[1][0] < 10_010 && places[1][^1] > 39_980);
    }

    private static (float[] Image, float[] Target) Cut(PreparedVolume volume, Extent origin, PatchMove move)
    {
        var (image, target) = (new float[64], new float[64]);
        PatchCutter.Cut(volume, 1, new Extent(4, 4, 4), origin, move, image, target);
        return (image, target);
    }

    private static int Index(int d, int h, int w) => (d * Size.H + h) * Size.W + w;

    private static PreparedVolume Ramp((int At, int Class)[] labels)
    {
        float[] image = [.. Enumerable.Range(0, Size.Voxels).Select(i => 1f + i)];
        var target = new float[Size.Voxels];
        foreach (var (at, c) in labels) target[at] = c;
        return new PreparedVolume(image, target, Size, new VoxelSize(1, 1, 1),
            PreparedVolume.PlacesOf(Array.ConvertAll(target, v => (byte)v), 3));
    }
}
