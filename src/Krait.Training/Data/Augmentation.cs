using Krait.Engine;
using Krait.Imaging.Transforms;

namespace Krait.Training.Data;

/// <summary>
/// Draws and applies augmentation: what happens to a sample depends on (seed, epoch, index of the sample) alone.
/// </summary>
public sealed class Augmentation(AugmentationOptions options, ulong seed)
{
    /// <summary>Random numbers for a sample of an epoch, for a purpose.</summary>
    internal CounterRng Draws(string purpose, int epoch, int sample) => new(seed, (ulong)epoch, purpose, (uint)sample);

    internal AugmentationOptions Options => options;

    /// <summary>What was drawn for one sample of one epoch.</summary>
    public readonly record struct Draw(bool FlipX, bool FlipY, int QuarterTurns, double AngleDegrees, double Shift,
        double Contrast);

    /// <summary>Draws for a sample.</summary>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="sample">Index of the sample in its part.</param>
    /// <param name="square">Height equals width, so that quarter turns keep the shape.</param>
    public Draw DrawFor(int epoch, int sample, bool square)
    {
        var rng = new CounterRng(seed, (ulong)epoch, "augmentation", (uint)sample);
        int turns = rng.Below(2, 4);
        return new Draw(
            rng.Uniform(0) < options.HorizontalFlip,
            rng.Uniform(1) < options.VerticalFlip,
            !options.QuarterTurns ? 0 : square ? turns : turns & 2,
            rng.Uniform(3) < options.RotateProbability
                ? rng.Between(4, -options.RotateDegrees, options.RotateDegrees) : 0,
            rng.Between(5, -options.Brightness, options.Brightness),
            rng.Between(6, 1 - options.Contrast, 1 + options.Contrast));
    }

    /// <summary>Writes the changed sample: turn by the angle, quarter turns, flips,
    /// then contrast and brightness.</summary>
    /// <param name="sample">Prepared sample, left as it is.</param>
    /// <param name="draw">What to do.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels of the image.</param>
    /// <param name="image">[H, W, C] result.</param>
    /// <param name="target">[H, W] result.</param>
    public static void Apply(PreparedSample sample, Draw draw, int height, int width, int channels, Span<float> image,
        Span<float> target)
    {
        ReadOnlySpan<float> from = sample.Image, fromTarget = sample.Target;
        if (draw.AngleDegrees != 0)
        {
            from = ImageTransforms.Rotate(from, height, width, channels, draw.AngleDegrees, Interpolation.Bilinear);
            fromTarget = ImageTransforms.Rotate(fromTarget, height, width, 1, draw.AngleDegrees, Interpolation.Nearest);
        }
        Place(from, draw, height, width, channels, image);
        Place(fromTarget, draw, height, width, 1, target);
        Intensity(image, draw.Contrast, draw.Shift);
    }

    // y[i, j] = x[source(i, j)], where source undoes the flips and then the counter-clockwise quarter turns.
    private static void Place(ReadOnlySpan<float> x, Draw draw, int height, int width, int channels, Span<float> y)
    {
        for (int i = 0, o = 0; i < height; i++)
            for (int j = 0; j < width; j++, o += channels)
            {
                int row = draw.FlipY ? height - 1 - i : i, column = draw.FlipX ? width - 1 - j : j;
                (row, column) = draw.QuarterTurns switch
                {
                    1 => (column, width - 1 - row),
                    2 => (height - 1 - row, width - 1 - column),
                    3 => (height - 1 - column, row),
                    _ => (row, column),
                };
                x.Slice((row * width + column) * channels, channels).CopyTo(y[o..]);
            }
    }

    /// <summary>Contrast about the sample's mean, and a shift in standard deviations of the sample.</summary>
    internal static void Intensity(Span<float> image, double contrast, double shift)
    {
        if (contrast == 1 && shift == 0) return;
        double sum = 0, squares = 0;
        foreach (float v in image) sum += v;
        double mean = sum / image.Length;
        foreach (float v in image) squares += (v - mean) * (v - mean);
        double middle = mean + shift * Math.Sqrt(squares / image.Length);
        for (int i = 0; i < image.Length; i++) image[i] = (float)((image[i] - mean) * contrast + middle);
    }
}
