namespace Krait.Training.Metrics;

/// <summary>Exact Euclidean distances to the nearest of some sites.</summary>
/// <remarks>Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", 2012: lower envelopes of
/// parabolas, axis by axis, in time linear in the number of elements.</remarks>
public static class DistanceTransform
{
    /// <summary>Distance of every element to the nearest site, in units of the spacing;
    /// infinite without any site.</summary>
    /// <exception cref="ArgumentException">If sites and grid differ in size.</exception>
    public static double[] ToNearest(bool[] sites, MaskGrid grid)
    {
        grid.Require("distance", sites.Length);
        double[] squares = Array.ConvertAll(sites, s => s ? 0 : double.PositiveInfinity);
        for (int axis = grid.Dims.Count - 1; axis >= 0; axis--)
            Sweep(squares, grid.Dims[axis], grid.Stride(axis), grid.Spacing[axis]);
        for (int i = 0; i < squares.Length; i++)
            squares[i] = Math.Sqrt(squares[i]);
        return squares;
    }

    /// <summary>f(p) becomes the least f(q) + (p - q)² along every line of an axis.</summary>
    static void Sweep(double[] f, int length, int stride, double spacing)
    {
        Parallel.For(0, f.Length / length, () => new Envelope(length), (line, _, envelope) =>
        {
            envelope.Run(f.AsSpan((line / stride * stride * length) + (line % stride)), length, stride, spacing);
            return envelope;
        }, _ => { });
    }

    /// <summary>The lower envelope of the parabolas over one line.</summary>
    sealed class Envelope(int length)
    {
        readonly double[] heights = new double[length], starts = new double[length + 1];
        readonly int[] roots = new int[length];

        public void Run(Span<double> line, int length, int stride, double spacing)
        {
            int last = -1;
            for (int q = 0; q < length; q++)
            {
                double h = line[q * stride];
                if (double.IsPositiveInfinity(h))
                    continue;
                double start = double.NegativeInfinity;
                while (last >= 0 && (start = Meeting(last, q, h, spacing)) <= starts[last])
                    last--;
                (roots[++last], heights[last], starts[last]) = (q, h, last == 0 ? double.NegativeInfinity : start);
            }
            if (last < 0)
                return;
            for (int p = 0, k = 0; p < length; p++)
            {
                while (k < last && starts[k + 1] < p * spacing)
                    k++;
                double d = (p - roots[k]) * spacing;
                line[p * stride] = (d * d) + heights[k];
            }
        }

        /// <summary>Where the parabola of q falls below that of the envelope's member.</summary>
        double Meeting(int member, int q, double h, double spacing)
        {
            double a = roots[member] * spacing, b = q * spacing;
            return ((h + (b * b)) - (heights[member] + (a * a))) / (2 * (b - a));
        }
    }
}
