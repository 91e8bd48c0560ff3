namespace Krait.Imaging.Transforms;

/// <summary>Geometry and intensity on float or label arrays [height, width, channels], channels innermost. A planar
/// array is a row of pictures with one channel each.</summary>
public static partial class ImageTransforms
{
    /// <summary>Mirrors left and right: y[i, j] = x[i, width - 1 - j].</summary>
    public static T[] FlipHorizontal<T>(ReadOnlySpan<T> x, int height, int width, int channels)
    {
        T[] y = NewLike(x, height, width, channels);
        for (int i = 0, o = 0; i < height; i++)
        {
            for (int j = width - 1; j >= 0; j--, o += channels)
            {
                x.Slice(((i * width) + j) * channels, channels).CopyTo(y.AsSpan(o));
            }
        }

        return y;
    }

    /// <summary>Mirrors top and bottom: y[i, j] = x[height - 1 - i, j].</summary>
    public static T[] FlipVertical<T>(ReadOnlySpan<T> x, int height, int width, int channels)
    {
        T[] y = NewLike(x, height, width, channels);
        int row = width * channels;
        for (int i = 0; i < height; i++)
        {
            x.Slice((height - 1 - i) * row, row).CopyTo(y.AsSpan(i * row));
        }

        return y;
    }

    /// <summary>Turns by <paramref name="quarterTurns"/> x 90 degrees counter-clockwise; an odd number swaps height
    /// and width of the result.</summary>
    public static T[] Rotate90<T>(ReadOnlySpan<T> x, int height, int width, int channels, int quarterTurns)
    {
        T[] y = NewLike(x, height, width, channels);
        int turns = ((quarterTurns % 4) + 4) % 4;
        (int outHeight, int outWidth) = (turns & 1) == 1 ? (width, height) : (height, width);
        for (int i = 0, o = 0; i < outHeight; i++)
        {
            for (int j = 0; j < outWidth; j++, o += channels)
            {
                (int row, int column) = turns switch
                {
                    0 => (i, j),
                    1 => (j, width - 1 - i),
                    2 => (height - 1 - i, width - 1 - j),
                    _ => (height - 1 - j, i),
                };
                x.Slice(((row * width) + column) * channels, channels).CopyTo(y.AsSpan(o));
            }
        }

        return y;
    }

    /// <summary>y = (x - mean) / std, for every sample.</summary>
    public static float[] Standardise(ReadOnlySpan<float> x, double mean, double std)
    {
        float[] y = new float[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = (float)((x[i] - mean) / std);
        }

        return y;
    }

    /// <summary>y = low + (x - min x) / (max x - min x) (high - low), minimum and maximum over all of x; a constant
    /// picture becomes low.</summary>
    public static float[] MinMax(ReadOnlySpan<float> x, double low = 0, double high = 255)
    {
        (double min, double max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (float v in x)
        {
            (min, max) = (Math.Min(min, v), Math.Max(max, v));
        }

        double scale = max > min ? (high - low) / (max - min) : 0;
        float[] y = new float[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = (float)(low + ((x[i] - min) * scale));
        }

        return y;
    }

    /// <summary>Mean and standard deviation first, then <see cref="MinMax"/>; the published VM-UNet preprocessing.
    /// </summary>
    /// <remarks>Parity: the second step undoes the first but for rounding, so mean and std do not matter.</remarks>
    public static float[] StandardiseMinMax(
        ReadOnlySpan<float> x, double mean, double std, double low = 0, double high = 255) =>
        MinMax(Standardise(x, mean, std), low, high);

    private static T[] NewLike<T>(ReadOnlySpan<T> x, int height, int width, int channels)
    {
        CheckShape(x.Length, height, width, channels);
        return new T[x.Length];
    }

    private static void CheckShape(int length, int height, int width, int channels)
    {
        if (height < 1 || width < 1 || channels < 1 || length != (long)height * width * channels)
        {
            throw new ArgumentException(
                $"transform: x is [height, width, channels]; got {length} values for {height}x{width}x{channels}.");
        }
    }
}
