using Krait.Engine;
using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training.Tests.Inference;

public sealed class PicturePredictionTests
{
    private static readonly Preprocessing Plain =
        new() { Height = 32, Width = 32, Channels = 3, Normalization = Normalization.Unit };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(32, 32)]
    [InlineData(33, 31)]
    [InlineData(70, 45)]
    [InlineData(200, 3)]
    public void Both_ways_give_a_mask_of_the_pictures_size(int width, int height)
    {
        var picture = HalfBright(width, height);
        foreach (bool tiles in new[] { false, true })
        {
            var prediction = Predict(picture, tiles);
            Assert.Equal((width, height), (prediction.Width, prediction.Height));
            Assert.Equal(width * height, prediction.Labels.Length);
            for (int i = 0; i < prediction.Labels.Length; i++)
                Assert.Equal(prediction.Probabilities[i] >= 0.5f ? 1 : 0, prediction.Labels[i]);
        }
    }

    [Fact]
    public void Tiles_of_a_pixelwise_network_equal_the_network_on_the_whole_picture()
    {
        var picture = SyntheticLesions.Draw(3, 1, 100).Picture;
        var tiled = Predict(picture, tiles: true);
        for (int i = 0; i < tiled.Labels.Length; i++)
        {
            float expected = 1 / (1 + MathF.Exp(-(picture.Bytes[3 * i] / 255f * 20 - 10)));
            Assert.Equal(expected, tiled.Probabilities[i], 1e-5f);
        }
    }

    [Fact]
    public void Softmax_and_labels_of_several_classes()
    {
        float[] logits = [1000, 0, -1000, 0, 0, 3, 2, 2, 1];
        new Readout(3).ToProbabilities(logits);
        Assert.Equal(1, logits[0], 1e-6f);
        Assert.Equal(1, logits[3] + logits[4] + logits[5], 1e-6f);
        Assert.Equal([0, 2, 0], new Readout(3).ToLabels(logits));
    }

    private static Prediction Predict(Image picture, bool tiles) => tiles
        ? PicturePrediction.Tiled(picture, Plain, new Readout(1), RedIsForeground)
        : PicturePrediction.Resized(picture, Plain, new Readout(1), RedIsForeground);

    private static float[] RedIsForeground(ReadOnlySpan<float> image, Shape shape)
    {
        var logits = new float[image.Length / shape.Width];
        for (int i = 0; i < logits.Length; i++) logits[i] = image[3 * i] * 20 - 10;
        return logits;
    }

    private static Image HalfBright(int width, int height) => new(width, height, 3,
        Enumerable.Range(0, width * height * 3).Select(i => i / 3 % width * 2 < width ? (byte)0 : (byte)255).ToArray());
}
