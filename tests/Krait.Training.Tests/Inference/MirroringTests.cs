using Krait.Engine;
using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training.Tests.Inference;

public sealed class MirroringTests
{
    [Fact]
    public void Every_set_of_axes_is_reversed_and_turned_back_once()
    {
        foreach (Shape shape in new[] { new Shape(2, 3, 4, 2), new Shape(1, 2, 3, 4, 1) })
        {
            float[] x = [.. Enumerable.Range(0, (int)shape.Count).Select(i => (float)i)];
            var seen = new HashSet<string>();
            // A network of single positions sees no difference; what it is fed with is another picture each time.
            float[] mean = Mirroring.Mean(x, shape, (image, s) =>
            {
                Assert.Equal(shape, s);
                seen.Add(string.Join(' ', image.ToArray()));
                return [.. image.ToArray().Chunk(s.Width).SelectMany(p => (float[])[p[0], 2 * p[0], 1])];
            });
            Assert.Equal(1 << (shape.Rank - 2), seen.Count);
            Assert.Equal([.. x.Chunk(shape.Width).SelectMany(p => (float[])[p[0], 2 * p[0], 1])], mean);
        }
    }

    [Fact]
    public void The_mean_is_taken_over_what_the_network_says_of_each()
    {
        // It says where a number lies: mirrored and turned back, that is the middle for all.
        float[] mean = Mirroring.Mean([5, 6, 7, 8, 9, 10], new Shape(1, 2, 3, 1), (_, _) => [0, 1, 2, 3, 4, 5]);
        Assert.Equal([2.5f, 2.5f, 2.5f, 2.5f, 2.5f, 2.5f], mean);
    }

    [Fact]
    public void A_predictor_that_mirrors_gives_a_mirrored_picture_the_mirrored_prediction()
    {
        using var folder = new TemporaryFolder();
        using (var model = TrainedModel.Create(new()
        {
            Id = "vmunetv2",
            Options = new Dictionary<string, string>
            {
                ["depths"] = "[1, 1, 1, 1]",
                ["width"] = "16",
                ["mid_channels"] = "8",
            },
        }, new Preprocessing { Height = 32, Width = 32 }, ClassInfo.Binary(), 3))
            model.Save(folder["w.safetensors"]);
        using var plain = Predictor.Load(folder["w.safetensors"], threads: 1);
        using var mirroring = Predictor.Load(folder["w.safetensors"], threads: 1, isMirroring: true);
        var picture = SyntheticLesions.Draw(5, 5, 32).Picture;
        var mirrored = new Image(32, 32, 3, Flipped(picture.Bytes, 3));
        double Difference(Predictor predictor) => Flipped(predictor.Predict(mirrored).Probabilities, 1)
            .Zip(predictor.Predict(picture).Probabilities, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(Difference(plain) > 1e-3, $"{Difference(plain)}");
        Assert.True(Difference(mirroring) < 1e-5, $"{Difference(mirroring)}");
    }

    private static T[] Flipped<T>(T[] x, int channels) =>
        [.. x.Chunk(32 * channels).SelectMany(row => row.Chunk(channels).Reverse().SelectMany(p => p))];
}
