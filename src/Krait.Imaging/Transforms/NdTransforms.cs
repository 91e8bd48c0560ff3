namespace Krait.Imaging.Transforms;

/// <summary>Spline zoom, rotation and Gaussian smoothing of arrays of any rank, row-major, with the conventions of
/// scipy.ndimage (which TransUNet-style preprocessing uses).</summary>
public static class NdTransforms
{
    /// <summary>Resamples to <paramref name="outShape"/> with both ends of every axis kept: output i reads at
    /// i (in - 1) / (out - 1).</summary>
    /// <param name="x">Values, row-major.</param>
    /// <param name="shape">Shape of x.</param>
    /// <param name="outShape">Shape of the result, same rank.</param>
    /// <param name="order">0 nearest (halves upwards), 1 linear, 3 cubic B-spline with mirrored ends.</param>
    public static float[] Zoom(
        ReadOnlySpan<float> x, ReadOnlySpan<int> shape, ReadOnlySpan<int> outShape, int order)
    {
        if (order is not (0 or 1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(order), order, "zoom: order is 0, 1 or 3.");
        }

        if (shape.Length != outShape.Length)
        {
            throw new ArgumentException($"zoom: ranks are equal; got {shape.Length} and {outShape.Length}.");
        }

        double[] data = ToDouble(x);
        int[] now = shape.ToArray();
        for (int axis = 0; axis < shape.Length; axis++)
        {
            int size = outShape[axis];
            data = AlongAxis(data, now, axis, size, (line, result) => ZoomLine(line, result, order));
            now[axis] = size;
        }

        return Array.ConvertAll(data, v => (float)v);
    }

    /// <summary>Gaussian smoothing, one sigma an axis, cut at <paramref name="truncate"/> sigma, ends reflected
    /// (c b a | a b c).</summary>
    public static double[] GaussianFilter(
        ReadOnlySpan<double> x, ReadOnlySpan<int> shape, ReadOnlySpan<double> sigma, double truncate = 4)
    {
        double[] data = x.ToArray();
        int[] now = shape.ToArray();
        for (int axis = 0; axis < shape.Length; axis++)
        {
            if (sigma[axis] > 0)
            {
                double[] kernel = Gaussian(sigma[axis], truncate);
                data = AlongAxis(data, now, axis, now[axis], (line, result) => Correlate(line, result, kernel));
            }
        }

        return data;
    }

    /// <summary>Rotates a picture [height, width] counter-clockwise about its middle, nearest pixel (halves upwards);
    /// what comes from outside is <paramref name="fill"/>.</summary>
    public static float[] RotateNearest(
        ReadOnlySpan<float> x, int height, int width, double angleDegrees, float fill = 0)
    {
        (double sin, double cos) = Math.SinCos(angleDegrees * Math.PI / 180);
        (double midRow, double midColumn) = ((height - 1) / 2.0, (width - 1) / 2.0);
        float[] y = new float[height * width];
        for (int i = 0; i < height; i++)
        {
            for (int j = 0; j < width; j++)
            {
                double row = (cos * i) + (sin * j) + (midRow - ((cos * midRow) + (sin * midColumn)));
                double column = (-sin * i) + (cos * j) + (midColumn - ((-sin * midRow) + (cos * midColumn)));
                bool inside = row >= 0 && row <= height - 1 && column >= 0 && column <= width - 1;
                int from = inside ? ((int)Math.Floor(row + 0.5) * width) + (int)Math.Floor(column + 0.5) : 0;
                y[(i * width) + j] = inside ? x[from] : fill;
            }
        }

        return y;
    }

    private static void ZoomLine(double[] line, double[] result, int order)
    {
        double[] spline = order == 3 ? CubicSpline.Coefficients(line) : line;
        double step = result.Length > 1 ? (line.Length - 1.0) / (result.Length - 1.0) : 1;
        for (int i = 0; i < result.Length; i++)
        {
            // The last position may exceed the end by rounding.
            double at = Math.Min(i * step, line.Length - 1);
            int low = (int)Math.Floor(at);
            result[i] = order switch
            {
                0 => line[Math.Min((int)Math.Floor(at + 0.5), line.Length - 1)],
                1 => line[low] + ((at - low) * (line[Math.Min(low + 1, line.Length - 1)] - line[low])),
                _ => CubicSpline.At(spline, at),
            };
        }
    }

    private static double[] Gaussian(double sigma, double truncate)
    {
        int radius = (int)((truncate * sigma) + 0.5);
        double[] kernel = new double[(2 * radius) + 1];
        for (int i = 0; i < kernel.Length; i++)
        {
            double t = (i - radius) / sigma;
            kernel[i] = Math.Exp(-0.5 * t * t);
        }

        double total = kernel.Sum();
        return Array.ConvertAll(kernel, k => k / total);
    }

    private static void Correlate(double[] line, double[] result, double[] kernel)
    {
        int radius = kernel.Length / 2;
        int period = 2 * line.Length;
        for (int i = 0; i < line.Length; i++)
        {
            double sum = 0;
            for (int k = -radius; k <= radius; k++)
            {
                int at = (((i + k) % period) + period) % period;
                sum += kernel[k + radius] * line[at < line.Length ? at : period - 1 - at];
            }

            result[i] = sum;
        }
    }

    /// <summary>Applies a line-to-line function along one axis.</summary>
    private static double[] AlongAxis(
        double[] data, int[] shape, int axis, int outSize, Action<double[], double[]> apply)
    {
        int size = shape[axis];
        int inner = 1;
        for (int a = axis + 1; a < shape.Length; a++)
        {
            inner *= shape[a];
        }

        int outer = data.Length / (size * inner);
        double[] result = new double[outer * outSize * inner];
        double[] line = new double[size];
        double[] outLine = new double[outSize];
        for (int o = 0; o < outer; o++)
        {
            for (int n = 0; n < inner; n++)
            {
                for (int i = 0; i < size; i++)
                {
                    line[i] = data[(((o * size) + i) * inner) + n];
                }

                apply(line, outLine);
                for (int i = 0; i < outSize; i++)
                {
                    result[(((o * outSize) + i) * inner) + n] = outLine[i];
                }
            }
        }

        return result;
    }

    private static double[] ToDouble(ReadOnlySpan<float> x)
    {
        double[] data = new double[x.Length];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = x[i];
        }

        return data;
    }
}
