namespace Krait.Training;

/// <summary>
/// Overlapping windows of the network's size over a larger picture or volume: y[p] = sum_t w[p - t] f_t[p - t] / sum_t
/// w[p - t] over the windows t that hold p, with a Gaussian w about the window's middle.
/// </summary>
/// <remarks>nnU-Net (Isensee et al. 2021): steps of at most half a window, sigma 1/8 of the window. What is smaller
/// than a window lies in its middle, with zeros around.</remarks>
public sealed class SlidingWindow
{
    private const int Axes = 3;
    private const double Truncate = 4;
    private readonly int[] size, tile;
    private readonly float[] weights;

    /// <param name="size">Axes of the whole: [D, H, W], [H, W] or [W].</param>
    /// <param name="tile">Axes of a window, as many.</param>
    /// <param name="step">Largest step, as a share of the window.</param>
    /// <param name="sigmaScale">Deviation of the weight, as a share of the window.</param>
    /// <exception cref="ArgumentException">If the numbers of axes differ.</exception>
    public SlidingWindow(ReadOnlySpan<int> size, ReadOnlySpan<int> tile, double step = 0.5, double sigmaScale = 0.125)
    {
        if (size.Length != tile.Length || size.Length is < 1 or > Axes)
            throw new ArgumentException($"sliding window: 1 to {Axes} axes, as many of the window; got " +
                $"{size.Length} and {tile.Length}.");
        (this.size, this.tile) = (ThreeAxes(size), ThreeAxes(tile));
        weights = Importance(tile, sigmaScale);
        int[][] starts = [.. Enumerable.Range(0, Axes).Select(a => Starts(this.size[a], this.tile[a], step))];
        Windows = [.. from d in starts[0] from h in starts[1] from w in starts[2] select (d, h, w)];
    }

    /// <summary>First corner of every window, the first axis outermost;
    /// below 0 where the window is the larger.</summary>
    public IReadOnlyList<(int D, int H, int W)> Windows { get; }

    /// <summary>Where windows begin along one axis: even steps, rounded half to even,
    /// that end at the axis' end.</summary>
    public static int[] Starts(int size, int tile, double step)
    {
        if (size <= tile) return [-((tile - size) / 2)];
        int count = (int)Math.Ceiling((size - tile) / (tile == 1 ? 1 : tile * step)) + 1;
        double actual = (size - tile) / (count - 1.0);
        return [.. Enumerable.Range(0, count).Select(i => (int)Math.Round(actual * i, MidpointRounding.ToEven))];
    }

    /// <summary>exp(-d^2 / (2 sigma^2)) about the middle of a window, cut at 4 sigma; zeros become the smallest weight
    /// above zero, so that every position has one.</summary>
    /// <param name="tile">Axes of the window.</param>
    /// <param name="sigmaScale">sigma as a share of the axis.</param>
    /// <param name="largest">Weight of the middle.</param>
    /// <param name="asHalf">Round to half precision before zeros are replaced, as nnU-Net does on a GPU.</param>
    public static float[] Importance(ReadOnlySpan<int> tile, double sigmaScale, double largest = 1, bool asHalf = false)
    {
        double[] map = [largest];
        foreach (int length in tile)
        {
            double[] bell = Bell(length, length * sigmaScale);
            map = [.. map.SelectMany(m => bell.Select(b => m * b))];
        }
        float[] weights = Array.ConvertAll(map, v => asHalf ? (float)(Half)v : (float)v);
        float least = weights.Where(w => w > 0).Min();
        return Array.ConvertAll(weights, w => w > 0 ? w : least);
    }

    /// <summary>Runs the network on all windows and blends what it says.</summary>
    /// <param name="samples">[D, H, W, C] of the whole.</param>
    /// <param name="channels">C.</param>
    /// <param name="outputs">K.</param>
    /// <param name="network">From a window [d, h, w, C] to [d, h, w, K]; the window is reused.</param>
    /// <param name="cancel">Stops between windows.</param>
    /// <returns>[D, H, W, K].</returns>
    public float[] Run(ReadOnlySpan<float> samples, int channels, int outputs, Func<float[], float[]> network,
        CancellationToken cancel = default)
    {
        var window = new float[weights.Length * channels];
        var sum = new float[checked(size[0] * size[1] * size[2] * outputs)];
        var weight = new float[sum.Length / outputs];
        foreach (var at in Windows)
        {
            cancel.ThrowIfCancellationRequested();
            Cut(samples, channels, at, window);
            Add(network(window), outputs, at, sum, weight);
        }
        Divide(sum, weight);
        return sum;
    }

    /// <summary>Copies a window out of [D, H, W, C]; 0 outside.</summary>
    public void Cut(ReadOnlySpan<float> samples, int channels, (int D, int H, int W) at, Span<float> window)
    {
        window.Clear();
        foreach (var (inside, from, count) in Lines(at))
            samples.Slice(from * channels, count * channels).CopyTo(window[(inside * channels)..]);
    }

    /// <summary>Adds a window's weighted values to [D, H, W, K] and its weights to [D, H, W].</summary>
    public void Add(ReadOnlySpan<float> window, int outputs, (int D, int H, int W) at, Span<float> sum,
        Span<float> weight)
    {
        foreach (var (inside, to, count) in Lines(at))
            for (int i = 0; i < count; i++)
            {
                float w = weights[inside + i];
                weight[to + i] += w;
                int from = (inside + i) * outputs, target = (to + i) * outputs;
                for (int k = 0; k < outputs; k++) sum[target + k] += w * window[from + k];
            }
    }

    /// <summary>Ends the blending: sums divided by their weights.</summary>
    public static void Divide(Span<float> sum, ReadOnlySpan<float> weight)
    {
        int outputs = sum.Length / weight.Length;
        for (int i = 0; i < sum.Length; i++) sum[i] /= weight[i / outputs];
    }

    /// <summary>The lines of a window that lie inside: first position in the window, in the whole,
    /// and length.</summary>
    private IEnumerable<(int Inside, int Whole, int Count)> Lines((int D, int H, int W) at)
    {
        int first = Math.Max(0, -at.W), count = Math.Min(tile[2], size[2] - at.W) - first;
        for (int d = Math.Max(0, -at.D); d < tile[0] && at.D + d < size[0]; d++)
            for (int h = Math.Max(0, -at.H); h < tile[1] && at.H + h < size[1]; h++)
                yield return ((d * tile[1] + h) * tile[2] + first,
                    ((at.D + d) * size[1] + at.H + h) * size[2] + at.W + first, count);
    }

    private static double[] Bell(int length, double sigma)
    {
        int middle = length / 2, radius = (int)(Truncate * sigma + 0.5);
        return [.. Enumerable.Range(0, length).Select(i => Math.Abs(i - middle) > radius ? 0
            : Math.Exp(-0.5 * (i - middle) * (i - middle) / (sigma * sigma)))];
    }

    private static int[] ThreeAxes(ReadOnlySpan<int> axes) => [.. Enumerable.Repeat(1, Axes - axes.Length), .. axes];
}
