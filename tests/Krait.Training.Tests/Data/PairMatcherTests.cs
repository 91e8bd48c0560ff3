using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class PairMatcherTests
{
    [Theory]
    [InlineData("a/ISIC_1.jpg", "b/ISIC_1.png")]
    [InlineData("ISIC_1.jpg", "ISIC_1_segmentation.png")]
    [InlineData("malignant (1).png", "malignant (1)_mask.png")]
    [InlineData("case 7.png", "case 7 mask.png")]
    [InlineData("21_training.tif", "21_manual1.gif")]
    [InlineData("21_training.tif", "21_training.gif")]
    [InlineData("Image_03R.jpg", "Image_03R_1stHO.png")]
    [InlineData("IMG.PNG", "img.png")]
    public void Names_that_belong_together_match(string image, string mask)
    {
        var result = PairMatcher.Match([image, "other.png"], [mask, "other.png"]);
        Assert.Contains((image, mask), result.Pairs);
        Assert.Equal(2, result.Pairs.Count);
        Assert.Empty(result.ImagesAlone);
        Assert.Empty(result.MasksAlone);
    }

    [Fact]
    public void A_stray_file_shifts_nothing()
    {
        var result = PairMatcher.Match(["1.png", "2.png", "3.png"], ["0.png", "1.png", "3_mask.png"]);
        Assert.Equal([("1.png", "1.png"), ("3.png", "3_mask.png")], result.Pairs);
        Assert.Equal(["2.png"], result.ImagesAlone);
        Assert.Equal(["0.png"], result.MasksAlone);
    }

    [Fact]
    public void Several_candidates_are_reported_not_chosen()
    {
        var result = PairMatcher.Match(["a.png", "b.jpg", "b.png"], ["a_mask.png", "a_gt.png", "b.gif"]);
        Assert.Empty(result.Pairs);
        Assert.Equal(3, result.Ambiguous.Count);
        Assert.Empty(result.MasksAlone);
    }

    [Fact]
    public void An_exact_name_wins_over_an_ending()
    {
        var result = PairMatcher.Match(["a.png", "a_test.png"], ["a.png", "a_test.png"]);
        Assert.Equal([("a.png", "a.png"), ("a_test.png", "a_test.png")], result.Pairs);
        // Only a mask of the bare name: it belongs to a.png, not to a_test.png.
        var bare = PairMatcher.Match(["a.png", "a_test.png"], ["a.png"]);
        Assert.Equal(["a_test.png"], bare.ImagesAlone);
    }
}
