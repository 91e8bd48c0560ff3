using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class DropTests
{
    static readonly Shape Images = new(6, 3, 5, 17);

    [Fact]
    public void Drop_path_with_a_recorded_mask_scales_the_kept_samples()
    {
        OpCheck check = new() { Constants = [1], Draw = (k, i, u) => k == 1 ? i % 2 : u, MaxPerturbed = 20 };
        int sample = 3 * 5 * 17;
        check.Run([Images, new(6)], v => DropPath.Apply(v[0], 0.3f, v[1]),
            x => [.. x[0].Select((a, i) => a * x[1][i / sample] / 0.7f)]);
        new OpCheck { Constants = [2], Draw = (k, i, u) => k == 2 ? i % 2 : u, MaxPerturbed = 20 }.Run(
            [Images, Images, new(6)], v => DropPath.Residual(v[0], v[1], 0.3f, v[2]),
            x => [.. x[0].Select((a, i) => a + (x[1][i] * x[2][i / sample] / 0.7f))]);
    }

    [Fact]
    public void Nothing_is_dropped_in_prediction()
    {
        Value x = new Program(false).Input("x", Images);
        Assert.Same(x, DropPath.Apply(x, 0.5f));
        Assert.Same(x, Dropout.Apply(x, 0.5f));
    }

    /// <summary>
    /// The same draws in the recomputed forward, in the gradient, at any thread count and instruction set.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Draws_depend_on_seed_step_path_and_sample_alone(bool wholeSamples)
    {
        var seen = new List<float[]>();
        foreach (SimdLevel level in SimdLevels.Available)
            for (int threads = 1; threads <= 2; threads++)
                foreach (bool recompute in new[] { false, true })
                {
                    (float[] y, float[] dx) =
                        Run(level, threads, recompute, wholeSamples, "a", new RunArguments(5, 3, 2));
                    Assert.Equal(y, dx);
                    seen.Add(y);
                }
        Assert.All(seen, y => Assert.Equal(seen[0], y));
        foreach (RunArguments other in new RunArguments[] { new(6, 3, 2), new(5, 4, 2) })
            Assert.NotEqual(seen[0], Run(SimdLevel.Scalar, 1, false, wholeSamples, "a", other).Y);
        Assert.NotEqual(seen[0], Run(SimdLevel.Scalar, 1, false, wholeSamples, "b", new RunArguments(5, 3, 2)).Y);
        float[] next = Run(SimdLevel.Scalar, 1, false, wholeSamples, "a", new RunArguments(5, 3, 3)).Y;
        Assert.Equal(seen[0][(3 * 7)..], next[..^(3 * 7)]);
    }

    [Fact]
    public void Dropout_keeps_the_mean()
    {
        float[] y = Run(SimdLevel.Scalar, 1, false, false, "mean", new RunArguments(1, 1), 4000).Y;
        Assert.Equal(1.0, y.Average(), 0.02);
        Assert.All(y, v => Assert.True(v == 0f || v == 1f / 0.7f));
    }

    static (float[] Y, float[] Dx) Run(SimdLevel level, int threads, bool recompute, bool wholeSamples, string path,
        RunArguments arguments, int samples = 40)
    {
        using Device device = CpuDevice.Create(threads, level);
        using var store = new ParameterStore();
        var program = new Program(true);
        Value x = program.Input("x", new Shape(samples, 3, 7)), y;
        using (program.Layer(path))
        using (program.RecomputableBlock())
            y = wholeSamples ? DropPath.Apply(x, 0.3f) : Dropout.Apply(x, 0.3f);
        program.Keep(y, "y");
        Value dx = program.Keep(Gradients.Append(program, [(y, null)], [x], recompute: _ => recompute)[x]!, "dx");
        using var plan = new Plan(program, device, store);
        plan[x].AsSpan().Fill(1f);
        plan.Run(arguments);
        return (plan[y].AsSpan().ToArray(), plan[dx].AsSpan().ToArray());
    }
}
