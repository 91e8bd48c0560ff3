using Krait.Imaging;
using Krait.Imaging.Transforms;
using Krait.Training.Data;

namespace Krait.Training;

/// <summary>Logits [B, H, W, K] of images [B, H, W, C].</summary>
internal delegate float[] LogitsFunction(ReadOnlySpan<float> image, int batch, int height, int width);

/// <summary>From a picture of any size to a prediction of that size, given the network as a function.</summary>
internal static class PicturePrediction
{
    /// <summary>The papers' way: resize to the training size, predict, resize the probabilities back.</summary>
    public static Prediction Resized(Image image, Preprocessing p, int outputs, LogitsFunction network)
    {
        float[] logits = network(SampleReader.Prepare(p, image), 1, p.Height, p.Width);
        Prediction.ToProbabilities(logits, outputs);
        float[] probabilities = image.Height == p.Height && image.Width == p.Width ? logits
            : ImageTransforms.ResizeBilinear(logits, p.Height, p.Width, outputs, image.Height, image.Width);
        return Of(image, probabilities, outputs);
    }

    /// <summary>Windows of the training size over the picture at its own size.</summary>
    public static Prediction Tiled(Image image, Preprocessing p, int outputs, LogitsFunction network)
    {
        float[] samples = image.ToFloat(p.Channels);
        p.Normalize(samples);
        var grid = new TileGrid(image.Height, image.Width, p.Height, p.Width);
        var window = new float[p.Height * p.Width * p.Channels];
        var sum = new float[image.Height * image.Width * outputs];
        var weight = new float[image.Height * image.Width];
        foreach (var tile in grid.Tiles)
        {
            grid.Cut(samples, p.Channels, tile, window);
            float[] logits = network(window, 1, p.Height, p.Width);
            Prediction.ToProbabilities(logits, outputs);
            grid.Add(logits, outputs, tile, sum, weight);
        }
        for (int i = 0; i < sum.Length; i++) sum[i] /= weight[i / outputs];
        return Of(image, sum, outputs);
    }

    private static Prediction Of(Image image, float[] probabilities, int outputs) => new()
    {
        Width = image.Width,
        Height = image.Height,
        Outputs = outputs,
        Probabilities = probabilities,
        Labels = Prediction.ToLabels(probabilities, outputs),
    };
}
