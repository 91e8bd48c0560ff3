using Krait.Engine;
using Krait.Imaging;
using Krait.Imaging.Transforms;
using Krait.Training.Data;

namespace Krait.Training;

/// <summary>Logits of images of a shape: the same with K channels.</summary>
internal delegate float[] LogitsFunction(ReadOnlySpan<float> image, Shape shape);

/// <summary>From a picture of any size to a prediction of that size, given the network as a function.</summary>
internal static class PicturePrediction
{
    /// <summary>The papers' way: resize to the training size, predict, resize the probabilities back.</summary>
    public static Prediction Resized(Image image, Preprocessing p, Readout readout, LogitsFunction network)
    {
        float[] logits = network(SampleReader.Prepare(p, image), p.InputShape(1, p.Channels));
        readout.ToProbabilities(logits);
        float[] probabilities = image.Height == p.Height && image.Width == p.Width ? logits
            : ImageTransforms.ResizeBilinear(logits, p.Height, p.Width, readout.Outputs, image.Height, image.Width);
        return Of(image, probabilities, readout);
    }

    /// <summary>Windows of the training size over the picture at its own size; their logits are blended.</summary>
    public static Prediction Tiled(Image image, Preprocessing p, Readout readout, LogitsFunction network)
    {
        float[] samples = image.ToFloat(p.Channels);
        p.Normalize(samples);
        float[] scores = new SlidingWindow([image.Height, image.Width], [p.Height, p.Width])
            .Run(samples, p.Channels, readout.Outputs, window => network(window, p.InputShape(1, p.Channels)));
        readout.ToProbabilities(scores);
        return Of(image, scores, readout);
    }

    private static Prediction Of(Image image, float[] probabilities, Readout readout) => new()
    {
        Width = image.Width,
        Height = image.Height,
        Outputs = readout.Outputs,
        Probabilities = probabilities,
        Labels = readout.ToLabels(probabilities),
    };
}
