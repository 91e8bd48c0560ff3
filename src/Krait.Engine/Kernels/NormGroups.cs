namespace Krait.Engine.Kernels;

/// <summary>
/// The small part of norms over positions: joins partial statistics in double precision, and turns sums into the
/// coefficients of the backward pass. A group is some neighbouring channels; batch and instance norm have one a group.
/// </summary>
static unsafe class NormGroups
{
    /// <summary>
    /// Mean and variance (biased) of each group from per-channel partial means and squared distances
    /// (<paramref name="partials"/>: parts of [mean, squares], each <paramref name="width"/> long), one a channel.
    /// </summary>
    /// <param name="rowsEach">Rows of a part; the last one has what is left of <paramref name="rows"/>.</param>
    public static void Join(float* partials, int parts, long rowsEach, long rows, int width, int groups, float* mean,
        double* variance)
    {
        int size = width / groups;
        for (int g = 0; g < groups; g++)
        {
            double count = 0, m = 0, squares = 0;
            for (int c = g * size; c < (g + 1) * size; c++)
                for (int k = 0; k < parts; k++)
                {
                    double n = Math.Min(rowsEach, rows - (k * rowsEach));
                    double delta = partials[(2L * k * width) + c] - m;
                    squares += partials[(((2L * k) + 1) * width) + c] + (delta * delta * n * count / (count + n));
                    count += n;
                    m += delta * n / count;
                }
            for (int c = g * size; c < (g + 1) * size; c++)
            {
                mean[c] = (float)m;
                variance[c] = squares / count;
            }
        }
    }

    /// <summary>
    /// From sums of g and g * (x - mean) per channel over <paramref name="rows"/> positions: what
    /// <see cref="ChannelNorm{L,V}.Input"/> subtracts. With w the weight and r = 1 / sqrt(var + eps), per group of n
    /// numbers: offset = r sum(w g) / n, slope = r^3 sum(w g (x - mean)) / n.
    /// </summary>
    public static void Backward(double* sumG, double* sumGx, float* weight, float* rstd, long rows, int width,
        int groups, float* offset, float* slope)
    {
        int size = width / groups;
        for (int g = 0; g < groups; g++)
        {
            double a = 0, b = 0;
            for (int c = g * size; c < (g + 1) * size; c++)
            {
                double w = weight == null ? 1 : weight[c];
                a += w * sumG[c];
                b += w * sumGx[c];
            }
            double n = (double)rows * size;
            for (int c = g * size; c < (g + 1) * size; c++)
            {
                double r = rstd[c];
                offset[c] = (float)(r * a / n);
                slope[c] = (float)(r * r * r * b / n);
            }
        }
    }
}
