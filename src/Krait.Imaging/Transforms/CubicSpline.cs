namespace Krait.Imaging.Transforms;

/// <summary>Interpolating cubic B-spline through equidistant samples, ends mirrored about the end samples.</summary>
/// <remarks>Unser, "Splines: a perfect fit for signal and image processing", 1999, box 2: pole z = sqrt(3) - 2.
/// </remarks>
internal static class CubicSpline
{
    private static readonly double Pole = Math.Sqrt(3) - 2;

    public static double[] Coefficients(double[] samples)
    {
        int n = samples.Length;
        if (n == 1)
        {
            return [samples[0]];
        }

        double gain = (1 - Pole) * (1 - (1 / Pole));
        double[] c = Array.ConvertAll(samples, s => s * gain);
        c[0] = MirroredStart(c);
        for (int i = 1; i < n; i++)
        {
            c[i] += Pole * c[i - 1];
        }

        c[n - 1] = ((Pole * c[n - 2]) + c[n - 1]) * Pole / ((Pole * Pole) - 1);
        for (int i = n - 2; i >= 0; i--)
        {
            c[i] = Pole * (c[i + 1] - c[i]);
        }

        return c;
    }

    /// <summary>The spline at <paramref name="at"/> in [0, n - 1].</summary>
    public static double At(double[] coefficients, double at)
    {
        int low = (int)Math.Floor(at);
        double t = at - low;
        double s = 1 - t;
        double t2 = t * t;
        double s2 = s * s;
        return ((s2 * s / 6) * coefficients[Mirror(low - 1, coefficients.Length)])
            + (((4 - (6 * t2) + (3 * t2 * t)) / 6) * coefficients[Mirror(low, coefficients.Length)])
            + (((4 - (6 * s2) + (3 * s2 * s)) / 6) * coefficients[Mirror(low + 1, coefficients.Length)])
            + ((t2 * t / 6) * coefficients[Mirror(low + 2, coefficients.Length)]);
    }

    /// <summary>First causal coefficient: the sum over the mirrored, periodic signal in closed form.</summary>
    private static double MirroredStart(double[] c)
    {
        int n = c.Length;
        double zi = Pole;
        double zn = Math.Pow(Pole, n - 1);
        double sum = c[0] + (zn * c[n - 1]);
        double z2n = zn * zn / Pole;
        for (int i = 1; i < n - 1; i++)
        {
            sum += (zi + z2n) * c[i];
            zi *= Pole;
            z2n /= Pole;
        }

        return sum / (1 - (zn * zn));
    }

    private static int Mirror(int i, int n)
    {
        if (n == 1)
        {
            return 0;
        }

        int period = 2 * (n - 1);
        int at = ((i % period) + period) % period;
        return at < n ? at : period - at;
    }
}
