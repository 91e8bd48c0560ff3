using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests;

public sealed class OptimizerTests
{
    const int Count = 37;

    public static TheoryData<SimdLevel> Levels => [.. SimdLevels.Available];

    static (ParameterStore Store, Parameter A, Parameter Still) Make()
    {
        var store = new ParameterStore();
        Parameter a = store.Declare("a", ParameterKind.Weight, new Shape(Count), null,
            (_, _, v) => { for (int i = 0; i < v.Length; i++) v[i] = MathF.Sin(i); });
        Parameter still = store.Declare("still", ParameterKind.Weight, new Shape(5), null, (_, _, v) => v.Fill(3));
        store.Initialize(0);
        return (store, a, still);
    }

    static float Gradient(int step, int i) => MathF.Cos((7 * step) + i) * (1 + step);

    static float[] Train(SimdLevel level, Func<Device, ParameterStore, Optimizer> make)
    {
        using Device device = CpuDevice.Create(2, level);
        (ParameterStore store, Parameter a, Parameter still) = Make();
        using ParameterStore _ = store;
        Optimizer optimizer = make(device, store);
        for (int step = 1; step <= 4; step++)
        {
            Span<float> gradient = store.Gradient(a);
            for (int i = 0; i < Count; i++)
                gradient[i] = Gradient(step, i);
            optimizer.Step([a], 0.01);
        }
        Assert.Equal(4, optimizer.StepsOf(a));
        Assert.All(store.Save(still), x => Assert.Equal(3f, x));
        return store.Save(a);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void AdamW_with_largest_second_moment_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new Adam(d, s, new AdamSettings(0.8, 0.9, 1e-3, 0.1, true, true)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), m = 0, v = 0, largest = 0;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i);
                w *= 1 - (0.01 * 0.1);
                m = (0.8 * m) + (0.2 * g);
                v = (0.9 * v) + (0.1 * g * g);
                largest = Math.Max(largest, v);
                w -= 0.01 / (1 - Math.Pow(0.8, t)) * m / (Math.Sqrt(largest / (1 - Math.Pow(0.9, t))) + 1e-3);
            }
            Assert.Equal(w, got[i], 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Nesterov_momentum_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new Sgd(d, s, new SgdSettings(0.9, 0, true, 0.05)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), buffer = 0;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i) + (0.05 * w);
                buffer = t == 1 ? g : (0.9 * buffer) + g;
                w -= 0.01 * (g + (0.9 * buffer));
            }
            Assert.Equal(w, got[i], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Centred_RmsProp_with_momentum_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new RmsProp(d, s, new RmsPropSettings(0.8, 1e-3, 0.7, true, 0.1)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), square = 0, mean = 0, buffer = 0;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i) + (0.1 * w);
                square = (0.8 * square) + (0.2 * g * g);
                mean = (0.8 * mean) + (0.2 * g);
                buffer = (0.7 * buffer) + (g / (Math.Sqrt(square - (mean * mean)) + 1e-3));
                w -= 0.01 * buffer;
            }
            Assert.Equal(w, got[i], 2e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Adagrad_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new Adagrad(d, s, new AdagradSettings(0.3, 1e-4, 0.1, 0.5)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), sum = 0.5;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i) + (0.1 * w);
                sum += g * g;
                w -= 0.01 / (1 + (0.3 * (t - 1))) * g / (Math.Sqrt(sum) + 1e-4);
            }
            Assert.Equal(w, got[i], 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Adadelta_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new Adadelta(d, s, new AdadeltaSettings(0.8, 1e-2, 0.1)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), square = 0, moved = 0;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i) + (0.1 * w);
                square = (0.8 * square) + (0.2 * g * g);
                double step = Math.Sqrt(moved + 1e-2) / Math.Sqrt(square + 1e-2) * g;
                moved = (0.8 * moved) + (0.2 * step * step);
                w -= 0.01 * step;
            }
            Assert.Equal(w, got[i], 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Adamax_follows_the_definition(SimdLevel level)
    {
        float[] got = Train(level, (d, s) => new Adamax(d, s, new AdamaxSettings(0.8, 0.7, 1e-3, 0.1)));
        for (int i = 0; i < Count; i++)
        {
            double w = MathF.Sin(i), mean = 0, largest = 0;
            for (int t = 1; t <= 4; t++)
            {
                double g = Gradient(t, i) + (0.1 * w);
                mean = (0.8 * mean) + (0.2 * g);
                largest = Math.Max(0.7 * largest, Math.Abs(g) + 1e-3);
                w -= 0.01 / (1 - Math.Pow(0.8, t)) * mean / largest;
            }
            Assert.Equal(w, got[i], 1e-6);
        }
    }

    [Fact]
    public void Clipping_scales_to_the_norm_and_leaves_small_gradients_alone()
    {
        using Device device = CpuDevice.Create(2);
        (ParameterStore store, Parameter a, Parameter _) = Make();
        store.Gradient(a).Fill(2f);
        double norm = Math.Sqrt(4.0 * Count);
        Assert.Equal(norm, GradientClip.ByNorm(device, store, [a], 100), 1e-9);
        Assert.All(store.SaveGradient(a), g => Assert.Equal(2f, g));
        Assert.Equal(norm, GradientClip.ByNorm(device, store, [a], 1), 1e-9);
        Assert.All(store.SaveGradient(a), g => Assert.Equal(2 / norm, g, 1e-6));
        store.Dispose();
    }
}
