namespace Krait.Imaging.Transforms;

public static partial class ImageTransforms
{
    /// <summary>Bilinear resize with half-pixel centres (align_corners false), edges repeated. Source coordinate of
    /// output i: max(0, (i + 1/2) in/out - 1/2).</summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="height">Rows of x.</param>
    /// <param name="width">Columns of x.</param>
    /// <param name="channels">Samples a pixel.</param>
    /// <param name="outHeight">Rows of the result.</param>
    /// <param name="outWidth">Columns of the result.</param>
    /// <param name="antialias">True widens the triangle filter when shrinking, so that no pixel is passed over.</param>
    /// <returns>[outHeight, outWidth, channels].</returns>
    public static float[] ResizeBilinear(
        ReadOnlySpan<float> x, int height, int width, int channels, int outHeight, int outWidth, bool antialias = false)
    {
        CheckShape(x.Length, height, width, channels);
        CheckTarget(outHeight, outWidth);
        Taps rows = antialias ? Taps.Triangle(height, outHeight) : Taps.Linear(height, outHeight);
        Taps columns = antialias ? Taps.Triangle(width, outWidth) : Taps.Linear(width, outWidth);

        // Along the rows first: each needed source row once, then a weighted sum of whole rows.
        float[] narrow = new float[(long)height * outWidth * channels];
        for (int i = 0; i < height; i++)
        {
            ResizeRow(
                x.Slice(i * width * channels, width * channels),
                narrow.AsSpan(i * outWidth * channels, outWidth * channels),
                channels,
                columns);
        }

        float[] y = new float[(long)outHeight * outWidth * channels];
        int row = outWidth * channels;
        for (int i = 0; i < outHeight; i++)
        {
            Span<float> target = y.AsSpan(i * row, row);
            for (int t = 0; t < rows.Count(i); t++)
            {
                (int from, float weight) = rows[i, t];
                ReadOnlySpan<float> source = narrow.AsSpan(from * row, row);
                for (int j = 0; j < row; j++)
                {
                    target[j] += weight * source[j];
                }
            }
        }

        return y;
    }

    /// <summary>Nearest resize, floor rule: y[i, j] = x[floor(i in/out), floor(j in/out)] in float32, as the common
    /// frameworks do; right for masks.</summary>
    /// <returns>[outHeight, outWidth, channels].</returns>
    public static T[] ResizeNearest<T>(
        ReadOnlySpan<T> x, int height, int width, int channels, int outHeight, int outWidth)
    {
        CheckShape(x.Length, height, width, channels);
        CheckTarget(outHeight, outWidth);
        T[] y = new T[(long)outHeight * outWidth * channels];
        int[] columns = NearestSources(width, outWidth);
        int[] rows = NearestSources(height, outHeight);
        for (int i = 0, o = 0; i < outHeight; i++)
        {
            for (int j = 0; j < outWidth; j++, o += channels)
            {
                x.Slice(((rows[i] * width) + columns[j]) * channels, channels).CopyTo(y.AsSpan(o));
            }
        }

        return y;
    }

    private static int[] NearestSources(int size, int outSize)
    {
        float scale = (float)size / outSize;
        int[] sources = new int[outSize];
        for (int i = 0; i < outSize; i++)
        {
            sources[i] = Math.Min((int)MathF.Floor(i * scale), size - 1);
        }

        return sources;
    }

    private static void ResizeRow(ReadOnlySpan<float> source, Span<float> target, int channels, Taps taps)
    {
        for (int j = 0, o = 0; j < taps.Length; j++, o += channels)
        {
            int count = taps.Count(j);
            for (int c = 0; c < channels; c++)
            {
                float sum = 0;
                for (int t = 0; t < count; t++)
                {
                    (int from, float weight) = taps[j, t];
                    sum += weight * source[(from * channels) + c];
                }

                target[o + c] = sum;
            }
        }
    }

    private static void CheckTarget(int outHeight, int outWidth)
    {
        if (outHeight < 1 || outWidth < 1)
        {
            throw new ArgumentException($"resize: the target is at least 1x1; got {outHeight}x{outWidth}.");
        }
    }

    /// <summary>For every output position the first source position and the weights of it and the following ones.
    /// </summary>
    private sealed class Taps
    {
        private readonly int[] first;
        private readonly float[][] weights;

        private Taps(int length)
        {
            first = new int[length];
            weights = new float[length][];
        }

        public int Length => first.Length;

        public (int From, float Weight) this[int i, int t] => (first[i] + t, weights[i][t]);

        public static Taps Linear(int size, int outSize)
        {
            Taps taps = new(outSize);
            float scale = (float)size / outSize;
            for (int i = 0; i < outSize; i++)
            {
                float at = MathF.Max(0, (scale * (i + 0.5f)) - 0.5f);
                int low = Math.Min((int)at, size - 1);
                float part = Math.Min(at - low, 1);
                taps.first[i] = low;
                taps.weights[i] = low == size - 1 ? [1f] : [1f - part, part];
            }

            return taps;
        }

        public static Taps Triangle(int size, int outSize)
        {
            Taps taps = new(outSize);
            float scale = (float)size / outSize;
            float support = MathF.Max(scale, 1);
            for (int i = 0; i < outSize; i++)
            {
                float centre = scale * (i + 0.5f);
                int low = Math.Max((int)(centre - support + 0.5f), 0);
                int high = Math.Min((int)(centre + support + 0.5f), size);
                float[] w = new float[high - low];
                float total = 0;
                for (int t = 0; t < w.Length; t++)
                {
                    w[t] = MathF.Max(0, 1 - MathF.Abs((low + t - centre + 0.5f) / support));
                    total += w[t];
                }

                taps.first[i] = low;
                taps.weights[i] = Array.ConvertAll(w, v => v / total);
            }

            return taps;
        }

        public int Count(int i) => weights[i].Length;
    }
}
