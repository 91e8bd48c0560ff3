using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// Intensities of CT volumes, which mean the same in every volume: y = (clip(x, low, high) - mean) / deviation.
/// </summary>
/// <remarks>nnU-Net (Isensee et al. 2021): the 0.5 and 99.5 % quantiles, mean and deviation of the foreground voxels of
/// the training volumes.</remarks>
public readonly record struct CtRange(double Low, double High, double Mean, double Deviation)
{
    /// <summary>Normalises in place.</summary>
    public void Apply(Span<float> samples)
    {
        foreach (ref float v in samples) v = (float)((Math.Clamp((double)v, Low, High) - Mean) / Deviation);
    }

    /// <summary>The numbers of foreground samples; sorts them.</summary>
    /// <exception cref="ConfigException">If there are none or they do not differ.</exception>
    public static CtRange Of(float[] foreground)
    {
        Array.Sort(foreground);
        if (foreground.Length == 0 || foreground[0] >= foreground[^1])
            throw new ConfigException("preprocessing.ct: the training volumes have no foreground to learn the range " +
                "from. Give low, high, mean and deviation.");
        double At(double share) => foreground[(int)Math.Round(share * (foreground.Length - 1))];
        double mean = foreground.Average(v => (double)v);
        double deviation = Math.Sqrt(foreground.Average(v => (v - mean) * (v - mean)));
        return new CtRange(At(0.005), At(0.995), mean, deviation);
    }

    internal static CtRange? Read(ConfigNode node)
    {
        if (ConfigValue.IsNull(node)) return null;
        double[] v = [.. ConfigValue.List(node, x => ConfigValue.Real(x, -1e9, 1e9))];
        return v.Length == 4 && v[0] < v[1] && v[3] > 0 ? new CtRange(v[0], v[1], v[2], v[3])
            : throw ConfigValue.Wrong(node, "four numbers: low, high (above low), mean, deviation (above 0)");
    }

    internal static ConfigNode Write(CtRange? range) => range is { } r
        ? ConfigValue.Of(new[] { r.Low, r.High, r.Mean, r.Deviation }.Select(v => ConfigValue.Of(v)))
        : ConfigValue.Of((string?)null);
}
