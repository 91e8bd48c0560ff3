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

    /// <summary>[H, W, K] probabilities of the classes, background first; K = 1 for two classes: the foreground's.
    /// Of a model of regions one a region.</summary>
    public required float[] Probabilities { get; init; }

    /// <summary>Channels of <see cref="Probabilities"/>.</summary>
    public required int Outputs { get; init; }

    /// <summary>Palette picture whose indices are class numbers; of two classes 0 is black and 255 is white.</summary>
    public Image ToMask(IReadOnlyList<ClassInfo> classes) => Outputs == 1 && classes.Count == 2
        ? new Image(Width, Height, 1, Array.ConvertAll(Labels, v => (byte)(255 * v)))
        : Image.FromIndices(Width, Height, Labels, [.. classes.Select(c => c.Color)]);
}
