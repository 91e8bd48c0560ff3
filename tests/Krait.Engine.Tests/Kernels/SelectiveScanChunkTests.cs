using System.Runtime.Intrinsics;
using Krait.Engine.Kernels;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Tests.Kernels;

/// <summary>
/// One chunk of the scan against double, however far its exponents reach: each reach may take another way to the powers.
/// </summary>
public sealed class SelectiveScanChunkTests
{
    const int Steps = 64;
    const int States = 8;
    const int Channels = 16;

    public static TheoryData<SimdLevel, float, float> Reaches()
    {
        var cases = new TheoryData<SimdLevel, float, float>();
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            foreach (float reach in (float[])[0, 1e-3f, 0.49f, 0.51f, 0.99f, 1.01f, 1.99f, 2.01f, 3.99f, 4.01f, 100, 126.5f, 2000])
                cases.Add(level, 0, -reach);
            cases.Add(level, 0.9f, -0.9f);
            cases.Add(level, 3, -0.5f);
        }
        return cases;
    }

    [Theory, MemberData(nameof(Reaches))]
    public void States_and_outputs_agree_with_double(SimdLevel level, float highest, float lowest)
    {
        var (delta, rates) = Exponents(highest, lowest);
        var (y, h) = Dispatch(level, delta, rates);
        var random = new Random(2);
        var (deltaU, couples) = (Noise(random, Steps * Channels), Noise(random, Steps * States * 2));
        var (wantY, wantH) = InDouble(delta, rates, deltaU, couples);
        double tolerance = highest > 0 ? 5e-6 : 1e-6;
        AssertClose(wantY, y, tolerance);
        AssertClose(wantH, h, tolerance);
    }

    /// <summary>Powers of a rate may overflow or vanish where its product with the step is ordinary.</summary>
    [Theory]
    [InlineData(SimdLevel.Scalar)]
    [InlineData(SimdLevel.Vector128)]
    [InlineData(SimdLevel.Vector256)]
    [InlineData(SimdLevel.Vector512)]
    public void Extreme_steps_and_rates_decay_by_their_product(SimdLevel level)
    {
        foreach (float scale in (float[])[1e-12f, 1e-7f, 1e5f, 1e9f])
            foreach (float reach in (float[])[0.45f, 0.95f, 1.9f, 3.8f])
            {
                var (delta, rates) = Exponents(0, -reach);
                delta = [.. delta.Select(d => d * scale)];
                rates = [.. rates.Select(r => r / scale)];
                var (y, h) = Dispatch(level, delta, rates);
                var random = new Random(2);
                var (deltaU, couples) = (Noise(random, Steps * Channels), Noise(random, Steps * States * 2));
                var (wantY, wantH) = InDouble(delta, rates, deltaU, couples);
                AssertClose(wantY, y, 1e-6);
                AssertClose(wantH, h, 1e-6);
            }
    }

    /// <summary>
    /// Without input a state is multiplied by its decay: by 1 at a step of 0, then right to 3e-7, twice that
    /// for each squaring.
    /// </summary>
    [Theory]
    [InlineData(SimdLevel.Scalar)]
    [InlineData(SimdLevel.Vector128)]
    [InlineData(SimdLevel.Vector256)]
    [InlineData(SimdLevel.Vector512)]
    public void Decays_are_right_to_the_last_digits(SimdLevel level)
    {
        foreach (float reach in (float[])[0.5f, 1, 2, 4])
        {
            double bound = 3e-7 * Math.Max(1, reach);
            for (int trial = 0; trial < 100; trial++)
            {
                float[] delta = new float[Steps * Channels], rates = new float[States * Channels];
                var random = new Random(trial);
                for (int c = 0; c < Channels; c++)
                    delta[Channels + c] = c == 0 ? 1 : random.NextSingle();
                for (int i = 0; i < rates.Length; i++)
                    rates[i] = i % (4 * Channels) == 0 ? -reach : -reach * random.NextSingle();
                float[] h = Dispatch(level, delta, rates, 0, 2).H;
                for (int i = 0; i < h.Length; i++)
                {
                    double want = Math.Pow(2, (double)delta[Channels + (i % Channels)] * rates[i]);
                    Assert.InRange(2 * h[i] / want, 1 - bound, 1 + bound);
                }
            }
        }
    }

    [Theory]
    [InlineData(SimdLevel.Scalar)]
    [InlineData(SimdLevel.Vector128)]
    [InlineData(SimdLevel.Vector256)]
    [InlineData(SimdLevel.Vector512)]
    public void A_step_size_that_is_no_number_spoils_its_channel_only(SimdLevel level)
    {
        var (delta, rates) = Exponents(0, -0.5f);
        delta[(5 * Channels) + 3] = float.NaN;
        var (y, h) = Dispatch(level, delta, rates);
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(i % Channels == 3 && i / Channels >= 5, float.IsNaN(y[i]));
        for (int i = 0; i < h.Length; i++)
            Assert.Equal(i % Channels == 3, float.IsNaN(h[i]));
    }

    /// <summary>Low steps take a shorter way; one that is high, far below or no number takes its register along.</summary>
    [Theory]
    [InlineData(64, -5f)]
    [InlineData(63, -5f)]
    [InlineData(3, -5f)]
    [InlineData(64, -0.4f)]
    [InlineData(64, 90f)]
    [InlineData(64, -120f)]
    [InlineData(64, float.NaN)]
    public unsafe void Softplus_is_right_whatever_stands_beside(int steps, float odd)
    {
        var random = new Random(3);
        float[] raw = [.. Enumerable.Range(0, steps * Channels).Select(_ => -0.6f - (9 * random.NextSingle()))];
        raw[(steps / 2 * Channels) + 2] = odd;
        float[] delta = [.. raw];
        fixed (float* d = delta)
            SelectiveScanChunk<Lanes128, Vector128<float>>.Softplus(4, steps, d, null);
        for (int i = 0; i < raw.Length; i++)
        {
            double want = Math.Max(raw[i], 0) + Math.Log(1 + Math.Exp(-Math.Abs((double)raw[i])));
            if (float.IsNaN(raw[i]))
                Assert.Equal(float.NaN, delta[i]);
            else
                Assert.InRange(delta[i], (want * (1 - 3e-7)) - 1e-37, (want * (1 + 3e-7)) + 1e-37);
        }
    }

    /// <summary>
    /// Step sizes from 0 to 1 and rates in base 2, so that the products fill the range; where states grow, few steps do.
    /// </summary>
    static (float[] Delta, float[] Rates) Exponents(float highest, float lowest)
    {
        var random = new Random(1);
        float[] delta = new float[Steps * Channels], rates = new float[States * Channels];
        for (int i = 0; i < delta.Length; i++)
            delta[i] = highest > 0 ? (i % 320 == 0 ? 1 : 0.01f) : i % 5 == 0 ? 1 : random.NextSingle();
        for (int i = 0; i < rates.Length; i++)
            rates[i] = lowest + ((highest - lowest) * (i / Channels % 4 / 3f));
        return (delta, rates);
    }

    static float[] Noise(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];

    /// <summary>Couples lie as [four states][step][B B B B C C C C].</summary>
    static (double[] Y, double[] H) InDouble(float[] delta, float[] rates, float[] deltaU, float[] couples)
    {
        double[] y = new double[Steps * Channels], h = new double[States * Channels];
        Array.Fill(h, 0.5);
        for (int t = 0; t < Steps; t++)
            for (int n = 0; n < States; n++)
                for (int c = 0; c < Channels; c++)
                {
                    int at = (n / 4 * 8 * Steps) + (8 * t) + (n % 4), i = (t * Channels) + c, s = (n * Channels) + c;
                    h[s] = (Math.Pow(2, (double)delta[i] * rates[s]) * h[s]) + ((double)deltaU[i] * couples[at]);
                    y[i] += couples[at + 4] * h[s];
                }
        return (y, h);
    }

    static (float[] Y, float[] H) Dispatch(SimdLevel level, float[] delta, float[] rates, float input = 1,
        int steps = Steps) => level switch
        {
            SimdLevel.Vector512 => Forward<Lanes512, Vector512<float>>(delta, rates, input, steps),
            SimdLevel.Vector256 => Forward<Lanes256, Vector256<float>>(delta, rates, input, steps),
            SimdLevel.Vector128 => Forward<Lanes128, Vector128<float>>(delta, rates, input, steps),
            _ => Forward<LanesScalar, float>(delta, rates, input, steps),
        };

    static unsafe (float[] Y, float[] H) Forward<L, V>(float[] delta, float[] rates, float input, int steps)
        where L : struct, ILanes<V>
        where V : struct
    {
        var random = new Random(2);
        float[] deltaU = Noise(random, Steps * Channels), couples = Noise(random, Steps * States * 2);
        deltaU = [.. deltaU.Select(v => v * input)];
        float[] y = new float[Steps * Channels], h = new float[States * Channels];
        Array.Fill(h, 0.5f);
        fixed (float* d = delta, a = rates, du = deltaU, bc = couples, py = y, ph = h)
            SelectiveScanChunk<L, V>.Forward(Channels / L.Count, steps, States, a, d, du, bc, ph, py);
        return (y, h);
    }

    static void AssertClose(double[] want, float[] got, double tolerance)
    {
        double largest = want.Max(Math.Abs);
        for (int i = 0; i < want.Length; i++)
            Assert.True(Math.Abs(got[i] - want[i]) <= tolerance * largest, $"at {i}: got {got[i]:R}, want {want[i]:R}");
    }
}
