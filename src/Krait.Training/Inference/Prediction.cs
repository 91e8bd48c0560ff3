using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training;

/// <summary>What the network says of a picture, at the picture's own size.</summary>
public sealed record Prediction
{
    public required int Width { get; init; }
    public required int Height { get; init; }

    /// <summary>[H, W] class numbers, 0 is background.</summary>
    public required byte[] Labels { get; init; }

    /// <summary>[H, W, K] probabilities of the classes, background first; K = 1 for two classes: the foreground's.</summary>
    public required float[] Probabilities { get; init; }

    /// <summary>Channels of <see cref="Probabilities"/>.</summary>
    public required int Outputs { get; init; }

    /// <summary>Palette picture whose indices are class numbers; of two classes 0 is black and 255 is white.</summary>
    public Image ToMask(IReadOnlyList<ClassInfo> classes) => Outputs == 1
        ? new Image(Width, Height, 1, Array.ConvertAll(Labels, v => (byte)(255 * v)))
        : Image.FromIndices(Width, Height, Labels, [.. classes.Select(c => c.Color)]);

    /// <summary>Probabilities of logits in place: sigmoid for one output, softmax over the channels for more.</summary>
    internal static void ToProbabilities(Span<float> logits, int outputs)
    {
        if (outputs == 1)
        {
            for (int i = 0; i < logits.Length; i++) logits[i] = 1 / (1 + MathF.Exp(-logits[i]));
            return;
        }
        for (int at = 0; at < logits.Length; at += outputs)
        {
            var pixel = logits.Slice(at, outputs);
            float top = float.NegativeInfinity, sum = 0;
            foreach (float v in pixel) top = Math.Max(top, v);
            foreach (ref float v in pixel) sum += v = MathF.Exp(v - top);
            foreach (ref float v in pixel) v /= sum;
        }
    }

    /// <summary>Class of every pixel: p &gt;= 0.5 for one output, the most probable for more (the lower wins a tie).</summary>
    internal static byte[] ToLabels(ReadOnlySpan<float> probabilities, int outputs)
    {
        var labels = new byte[probabilities.Length / outputs];
        for (int i = 0; i < labels.Length; i++)
        {
            if (outputs == 1)
            {
                labels[i] = probabilities[i] >= 0.5f ? (byte)1 : (byte)0;
                continue;
            }
            var pixel = probabilities.Slice(i * outputs, outputs);
            int best = 0;
            for (int c = 1; c < outputs; c++)
                if (pixel[c] > pixel[best]) best = c;
            labels[i] = (byte)best;
        }
        return labels;
    }
}
