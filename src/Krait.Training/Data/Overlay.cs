using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Draws class maps over pictures.</summary>
public static class Overlay
{
    /// <summary>The picture with classes tinted and outlined in their colours, and a reference outlined in white.</summary>
    /// <param name="picture">Any picture; the result is 8-bit RGB of its size.</param>
    /// <param name="labels">[H, W] class numbers.</param>
    /// <param name="classes">Names and colours; class 0 is left clear.</param>
    /// <param name="reference">[H, W] class numbers to outline in white, or null.</param>
    /// <param name="tint">Share of the class colour inside, 0..1.</param>
    public static Image Draw(Image picture, ReadOnlySpan<byte> labels, IReadOnlyList<ClassInfo> classes,
        byte[]? reference = null, double tint = 0.3)
    {
        int width = picture.Width, height = picture.Height;
        byte[] rgb = [.. picture.ToRgb8()];
        for (int i = 0; i < labels.Length; i++)
            if (labels[i] > 0) Blend(rgb, i, ColorOf(classes, labels[i]), tint);
        if (reference is not null) Outline(rgb, reference, width, height, _ => new Rgba(255, 255, 255));
        Outline(rgb, labels, width, height, c => ColorOf(classes, c));
        return new Image(width, height, 3, rgb);
    }

    private static void Outline(byte[] rgb, ReadOnlySpan<byte> labels, int width, int height, Func<byte, Rgba> color)
    {
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                byte c = labels[y * width + x];
                if (c == 0) continue;
                bool border = x == 0 || y == 0 || x == width - 1 || y == height - 1 || labels[y * width + x - 1] != c ||
                    labels[y * width + x + 1] != c || labels[(y - 1) * width + x] != c || labels[(y + 1) * width + x] != c;
                if (border) Blend(rgb, y * width + x, color(c), 1);
            }
    }

    private static Rgba ColorOf(IReadOnlyList<ClassInfo> classes, byte c) =>
        c < classes.Count && classes[c].Color is var color && color.R + color.G + color.B > 48 ? color
            : ClassInfo.DefaultColor(c);

    private static void Blend(byte[] rgb, int pixel, Rgba color, double share)
    {
        Span<byte> at = rgb.AsSpan(3 * pixel, 3);
        at[0] = (byte)(at[0] + share * (color.R - at[0]));
        at[1] = (byte)(at[1] + share * (color.G - at[1]));
        at[2] = (byte)(at[2] + share * (color.B - at[2]));
    }
}
