using System.Diagnostics;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Cli.Benchmarks;

/// <summary>One op at one size of VM-UNetV2 or nnU-Net at 256x256, or of Swin-UMamba at 320x320.</summary>
/// <param name="Name">What is timed.</param>
/// <param name="Input">Shape of the image that goes in.</param>
/// <param name="Build">Appends the op; weights are declared in the store.</param>
/// <param name="WithGradient">Whether the op's gradients, of its weights too, are timed with it.</param>
sealed record KernelCase(string Name, Shape Input, Func<Program, ParameterStore, Value, Value> Build,
    bool WithGradient = false)
{
    public static IReadOnlyList<KernelCase> All { get; } =
    [
        Product("matmul 4096x96 96x384", 64, 96, 384),
        Product("matmul 1024x192 192x768", 32, 192, 768),
        Product("matmul 256x384 384x1536", 16, 384, 1536),
        Product("matmul 64x768 768x3072", 8, 768, 3072),
        Convolution("conv 3x3 48->48 at 64x64", 64, 48, 48, 3, new ConvSettings(1, 1)),
        Convolution("conv 3x3 32->32 at 256x256", 256, 32, 32, 3, new ConvSettings(1, 1)),
        Convolution("conv 3x3 128->128 at 64x64", 64, 128, 128, 3, new ConvSettings(1, 1)),
        Convolution("conv 3x3 512->512 at 16x16", 16, 512, 512, 3, new ConvSettings(1, 1)),
        Convolution("conv 3x3 48->48 at 320x320", 320, 48, 48, 3, new ConvSettings(1, 1)),
        Convolution("conv 4x4 stride 4 3->96 at 256x256", 256, 3, 96, 4, new ConvSettings(4)),
        Depthwise("depthwise 3x3 192 at 64x64", 64, 192),
        Scan("SS2D 192 at 64x64", 64, 192, 6),
        Scan("SS2D 384 at 32x32", 32, 384, 12),
        Scan("SS2D 768 at 16x16", 16, 768, 24),
        Scan("SS2D 192 at 64x64 and its gradients", 64, 192, 6) with { WithGradient = true },
        Product("matmul 4096x96 96x384 and its gradients", 64, 96, 384) with { WithGradient = true },
        new("layer norm 4096x96", Square(64, 96), (p, s, x) => LayerNorm.Apply(x,
            Weight(p, s, "gamma", new Shape(96)), Weight(p, s, "beta", new Shape(96)), 1e-5f)),
        new("SiLU 4096x192", Square(64, 192), (_, _, x) => Activate.Apply(x, Activation.Silu)),
    ];

    static Shape Square(int side, int width) => new(1, side, side, width);

    static KernelCase Product(string name, int side, int inner, int outer) => new(name, Square(side, inner),
        (p, s, x) => MatMul.Apply(x, Weight(p, s, "weight", new Shape(outer, inner))));

    static KernelCase Convolution(string name, int side, int from, int to, int kernel, ConvSettings settings) =>
        new(name, Square(side, from), (p, s, x) =>
            Conv.Apply(x, Weight(p, s, "weight", new Shape(kernel, kernel, from, to)), null, settings));

    static KernelCase Depthwise(string name, int side, int width) => new(name, Square(side, width), (p, s, x) =>
        DepthwiseConv.Apply(x, Weight(p, s, "weight", new Shape(3, 3, width)), null));

    static KernelCase Scan(string name, int side, int d, int rank)
    {
        const int States = 16;
        return new KernelCase(name, Square(side, d), (p, s, x) => Ss2d.Apply(x,
            p.Input("projection", Square(side, 4 * (rank + (2 * States)))),
            Weight(p, s, "dt", new Shape(4, d, rank)), Weight(p, s, "bias", new Shape(4, d)),
            Weight(p, s, "a", new Shape(4 * d, States)), Weight(p, s, "skip", new Shape(4 * d))));
    }

    static Value Weight(Program program, ParameterStore store, string name, Shape shape) =>
        program.Parameter(store.Declare(name, ParameterKind.Weight, shape, null, (_, _, values) => Noise.Fill(values)));
}

/// <summary>Numbers between -1 and 1.</summary>
static class Noise
{
    public static void Fill(Span<float> values)
    {
        var random = new Random(1);
        foreach (ref float value in values)
            value = (random.NextSingle() * 2) - 1;
    }
}

/// <summary>The least time of a kernel, and what it should have taken.</summary>
/// <param name="Floor">Seconds; 0 where the op only streams.</param>
sealed record KernelTiming(string Name, double Seconds, double Floor, long Macs, long Bytes);

/// <summary>Times single ops, taking samples of the machine's limits in between.</summary>
static class KernelBenchmark
{
    const int Rounds = 12;
    const double RoundSeconds = 0.02;

    public static IReadOnlyList<KernelTiming> Run(Device device, LimitProbe probe, Action<int, int> progress,
        CancellationToken stop)
    {
        var least = new List<(KernelCase Case, double Seconds, IReadOnlyList<Op> Steps)>();
        foreach (KernelCase kernel in KernelCase.All)
        {
            stop.ThrowIfCancellationRequested();
            progress(least.Count, KernelCase.All.Count);
            least.Add(Time(kernel, device, probe));
        }
        return [.. least.Select(k => new KernelTiming(k.Case.Name, k.Seconds,
            k.Steps.Sum(op => Floor.Seconds(op, probe.Best)), k.Steps.Sum(op => op.Cost.Macs),
            k.Steps.Sum(op => op.Cost.Bytes)))];
    }

    static (KernelCase, double, IReadOnlyList<Op>) Time(KernelCase kernel, Device device, LimitProbe probe)
    {
        using var store = new ParameterStore();
        var program = new Program(kernel.WithGradient);
        Value x = program.Input("x", kernel.Input);
        Value y = program.Keep(kernel.Build(program, store, x), "y");
        if (kernel.WithGradient)
            program.Keep(Gradients.Append(program, [(y, program.Input("dy", y.Shape))], [x])[x]!, "dx");
        store.Initialize(1);
        using var plan = new Plan(program, device, store, new PlanOptions { HoistConstants = true });
        foreach (Value input in program.Inputs)
            Noise.Fill(plan[input].AsSpan());
        plan.Run();
        double least = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            probe.Sample();
            long begin = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(begin).TotalSeconds < RoundSeconds)
            {
                long start = Stopwatch.GetTimestamp();
                plan.Run();
                least = Math.Min(least, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        return (kernel, least, plan.Steps);
    }
}
