using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>The starting values that the published code uses.
/// Draws are keyed by (seed, parameter name, element).</summary>
public static class Init
{
    public static Initializer Constant(float number) => (_, _, values) => values.Fill(number);

    public static Initializer Zeros { get; } = Constant(0f);
    public static Initializer Ones { get; } = Constant(1f);

    /// <summary>U(-bound, bound).</summary>
    public static Initializer Uniform(double bound) => (seed, p, values) =>
    {
        new CounterRng(seed, 0, p.Name).FillUniform(0, values);
        foreach (ref float x in values)
            x = (float)(bound * ((2.0 * x) - 1));
    };

    /// <summary>PyTorch's default of linear and convolution, weight and bias:
    /// U(-1/sqrt(fanIn), 1/sqrt(fanIn)).</summary>
    public static Initializer FanIn(int fanIn) => Uniform(1 / Math.Sqrt(fanIn));

    /// <summary>N(0, std^2), cut at +-2 as published: beyond 100 standard deviations at 0.02,
    /// so never in practice.</summary>
    public static Initializer TruncatedNormal(double std) => (seed, p, values) =>
    {
        Normal(std)(seed, p, values);
        foreach (ref float x in values)
            x = Math.Clamp(x, -2f, 2f);
    };

    /// <summary>N(0, 2 / (1.0001 fanIn)), He's for a leaky ReLU of slope 0.01, as in nnU-Net.
    /// arXiv:1502.01852.</summary>
    public static Initializer HeNormal(int fanIn) => Normal(Math.Sqrt(2 / (1.0001 * fanIn)));

    /// <summary>N(0, std^2).</summary>
    public static Initializer Normal(double std) => (seed, p, values) =>
    {
        // Box and Muller on pairs of uniform numbers in place: both halves of a pair are used.
        new CounterRng(seed, 0, p.Name).FillUniform(0, values);
        for (int i = 0; i < values.Length; i += 2)
        {
            double radius = std * Math.Sqrt(-2 * Math.Log(1.0 - values[i]));
            (double sin, double cos) = Math.SinCos(2 * Math.PI * (i + 1 < values.Length ? values[i + 1] : 0.125));
            values[i] = (float)(radius * cos);
            if (i + 1 < values.Length)
                values[i + 1] = (float)(radius * sin);
        }
    };

    /// <summary>
    /// Bias of the step projection: softplus of it is log-uniform on [min, max], at least floor. Mamba, section 3.6.
    /// </summary>
    public static Initializer StepBias(double min = 0.001, double max = 0.1, double floor = 1e-4) =>
        (seed, p, values) =>
        {
            var rng = new CounterRng(seed, 0, p.Name);
            for (int i = 0; i < values.Length; i++)
            {
                double step = Math.Exp(rng.Between((ulong)i, Math.Log(min), Math.Log(max)));
                step = Math.Max(step, floor);
                values[i] = (float)(step + Math.Log(1 - Math.Exp(-step)));
            }
        };

    /// <summary>A_log[d, n] = log(n + 1): the S4D real initialisation, the same for every channel.</summary>
    public static Initializer StateMatrix(int states) => (_, _, values) =>
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = MathF.Log((i % states) + 1);
    };
}
