namespace Krait.Imaging.Transforms;

/// <summary>How a value between pixels is found.</summary>
public enum Interpolation
{
    Nearest,
    Bilinear,
}

public static partial class ImageTransforms
{
    /// <summary>Rotates counter-clockwise about the middle of the picture, which keeps its size; what comes from
    /// outside is <paramref name="fill"/>.</summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="height">Rows of x.</param>
    /// <param name="width">Columns of x.</param>
    /// <param name="channels">Samples a pixel.</param>
    /// <param name="angleDegrees">Counter-clockwise as seen on screen.</param>
    /// <param name="mode">Nearest for masks; it rounds half to even.</param>
    /// <param name="fill">Value outside the source; bilinear blends towards it over the last pixel.</param>
    /// <remarks>Float32 throughout, in the order of the affine grid sampler of the common frameworks, so that nearest
    /// picks the same pixels.</remarks>
    public static float[] Rotate(
        ReadOnlySpan<float> x,
        int height,
        int width,
        int channels,
        double angleDegrees,
        Interpolation mode,
        float fill = 0)
    {
        float[] y = NewLike(x, height, width, channels);
        double radians = -angleDegrees * Math.PI / 180;
        (float cos, float sin) = ((float)Math.Cos(radians), (float)Math.Sin(radians));
        (float halfWidth, float halfHeight) = (0.5f * width, 0.5f * height);
        (float xx, float xy) = (cos / halfWidth, sin / halfWidth);
        (float yx, float yy) = (-sin / halfHeight, cos / halfHeight);
        for (int i = 0, o = 0; i < height; i++)
        {
            float v = i + 0.5f - halfHeight;
            for (int j = 0; j < width; j++, o += channels)
            {
                float u = j + 0.5f - halfWidth;
                float column = (((((u * xx) + (v * xy)) + 1) * width) - 1) / 2;
                float row = (((((u * yx) + (v * yy)) + 1) * height) - 1) / 2;
                Span<float> pixel = y.AsSpan(o, channels);
                if (mode == Interpolation.Nearest)
                {
                    TakeNearest(x, height, width, row, column, fill, pixel);
                }
                else
                {
                    TakeBilinear(x, height, width, row, column, fill, pixel);
                }
            }
        }

        return y;
    }

    private static void TakeNearest(
        ReadOnlySpan<float> x, int height, int width, float row, float column, float fill, Span<float> pixel)
    {
        int i = (int)MathF.Round(row);
        int j = (int)MathF.Round(column);
        if (i < 0 || i >= height || j < 0 || j >= width)
        {
            pixel.Fill(fill);
        }
        else
        {
            x.Slice(((i * width) + j) * pixel.Length, pixel.Length).CopyTo(pixel);
        }
    }

    private static void TakeBilinear(
        ReadOnlySpan<float> x, int height, int width, float row, float column, float fill, Span<float> pixel)
    {
        (float top, float left) = (MathF.Floor(row), MathF.Floor(column));
        (float down, float right) = (row - top, column - left);
        pixel.Clear();
        for (int corner = 0; corner < 4; corner++)
        {
            int i = (int)top + (corner >> 1);
            int j = (int)left + (corner & 1);
            float weight = (corner >> 1 == 0 ? 1 - down : down) * ((corner & 1) == 0 ? 1 - right : right);
            bool inside = i >= 0 && i < height && j >= 0 && j < width;
            for (int c = 0; c < pixel.Length; c++)
            {
                pixel[c] += weight * (inside ? x[(((i * width) + j) * pixel.Length) + c] : fill);
            }
        }
    }
}
