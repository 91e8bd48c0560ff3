namespace Krait.Imaging.Drawing;

/// <summary>Masks drawn over pictures.</summary>
public static class Overlay
{
    /// <summary>Tints every pixel of class c > 0 with <paramref name="palette"/>[c] and draws the classes' contours at
    /// full strength.</summary>
    /// <param name="image">The picture; the result is its RGB form.</param>
    /// <param name="mask">[height, width] class of each pixel; class 0 is background and stays as it is.</param>
    /// <param name="palette">One colour a class; classes beyond it are an error.</param>
    /// <param name="opacity">0 (no tint) to 1 (colour only).</param>
    /// <param name="contour">Width of the contour in pixels, inside the class; 0 for none.</param>
    public static Image Blend(
        Image image, ReadOnlySpan<int> mask, IReadOnlyList<Rgba> palette, double opacity = 0.4, int contour = 1)
    {
        CheckMask(image, mask, palette.Count);
        byte[] rgb = [.. image.ToRgb8()];
        for (int p = 0; p < mask.Length; p++)
        {
            if (mask[p] > 0)
            {
                bool edge = contour > 0 && IsEdge(mask, image.Width, image.Height, p, contour);
                Tint(rgb, p, palette[mask[p]], edge ? 1 : opacity);
            }
        }

        return new Image(image.Width, image.Height, 3, rgb);
    }

    /// <summary>Draws only the contours, so that several masks can be compared on one picture.</summary>
    public static Image Contour(Image image, ReadOnlySpan<int> mask, IReadOnlyList<Rgba> palette, int width = 2) =>
        Blend(image, mask, palette, opacity: 0, contour: width);

    /// <summary>Right and wrong at a glance: what both masks have is green, what only the prediction has (false
    /// positive) is orange, what it missed (false negative) is blue. With several classes, a wrong class is orange.
    /// </summary>
    public static Image Compare(Image image, ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, double opacity = 0.5)
    {
        CheckMask(image, truth, int.MaxValue);
        CheckMask(image, predicted, int.MaxValue);
        int[] verdict = new int[truth.Length];
        for (int p = 0; p < verdict.Length; p++)
        {
            verdict[p] = truth[p] == predicted[p] ? Math.Min(truth[p], 1) : predicted[p] != 0 ? 2 : 3;
        }

        Rgba[] colours = [new(0, 0, 0), new(0x00, 0xC0, 0x60), new(0xFF, 0x80, 0x00), new(0x30, 0x90, 0xFF)];
        return Blend(image, verdict, colours, opacity, contour: 0);
    }

    /// <summary>A pixel of its class within <paramref name="reach"/> steps of another class or of the picture's rim.
    /// </summary>
    private static bool IsEdge(ReadOnlySpan<int> mask, int width, int height, int p, int reach)
    {
        (int x, int y) = (p % width, p / width);
        for (int step = 1; step <= reach; step++)
        {
            if (x < step || y < step || x + step >= width || y + step >= height
                || mask[p - step] != mask[p] || mask[p + step] != mask[p]
                || mask[p - (step * width)] != mask[p] || mask[p + (step * width)] != mask[p])
            {
                return true;
            }
        }

        return false;
    }

    private static void Tint(byte[] rgb, int pixel, Rgba colour, double opacity)
    {
        int at = 3 * pixel;
        rgb[at] = (byte)(rgb[at] + ((colour.R - rgb[at]) * opacity) + 0.5);
        rgb[at + 1] = (byte)(rgb[at + 1] + ((colour.G - rgb[at + 1]) * opacity) + 0.5);
        rgb[at + 2] = (byte)(rgb[at + 2] + ((colour.B - rgb[at + 2]) * opacity) + 0.5);
    }

    private static void CheckMask(Image image, ReadOnlySpan<int> mask, int classes)
    {
        if (mask.Length != image.Width * image.Height)
        {
            throw new ArgumentException(
                $"overlay: the mask has one class a pixel; got {mask.Length} for {image.Width}x{image.Height}.");
        }

        foreach (int c in mask)
        {
            if (c < 0 || c >= classes)
            {
                throw new ArgumentException($"overlay: classes are 0 to {classes - 1}; the mask has {c}.");
            }
        }
    }
}
