using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Models.Tests;

/// <summary>Tests that change what others read, such as the environment, and so run when no other does.</summary>
[CollectionDefinition(nameof(OneByOne), DisableParallelization = true)]
public sealed class OneByOne;

/// <summary>Gradients where the golden cases do not reach: ablations, recomputed blocks, padding, threads.</summary>
[Collection(nameof(OneByOne))]
public sealed class MambaGradientTests
{
    [Theory]
    [InlineData("vmunet", "{}")]
    [InlineData("vmunetv2", "{}")]
    [InlineData("swin-umamba", "{}")]
    [InlineData("swin-umamba", """{"scan":"none"}""")]
    [InlineData("swin-umamba-d", "{}")]
    [InlineData("lightm-unet", "{}")]
    [InlineData("lightm-unet", """{"mixer":"vss"}""")]
    [InlineData("lightm-unet", """{"mixer":"attention"}""")]
    [InlineData("lightm-unet", """{"mixer":"convolution","residual":false}""")]
    [InlineData("lightm-unet", """{"dims":3}""")]
    [InlineData("lightm-unet", """{"dims":3,"scan":"none","skipScale":false}""")]
    public void Are_the_same_bits_with_recomputed_blocks_and_other_threads(string id, string options)
    {
        float[][] kept = Gradients(id, options, threads: 2, recompute: false);
        Assert.All(kept, p => Assert.All(p, g => Assert.True(float.IsFinite(g))));
        Assert.Contains(kept, p => p.Any(g => g != 0));
        Assert.Equal(kept, Gradients(id, options, threads: 1, recompute: true));
    }

    /// <summary>
    /// Along the gradient of one parameter the sum of logits times numbers grows by the gradient's length. Differences
    /// see every rounding, so convolutions are direct here; Winograd's have golden cases and oracles of their own.
    /// </summary>
    [Theory]
    [InlineData("lightm-unet", """{"mixer":"vss"}""", "vss.in_proj.weight")]
    [InlineData("lightm-unet", """{"mixer":"vss"}""", "vss.x_proj_weight")]
    [InlineData("lightm-unet", """{"mixer":"attention"}""", "attention.qkv.weight")]
    [InlineData("lightm-unet", """{"mixer":"attention","dims":3}""", "attention.proj.weight")]
    [InlineData("lightm-unet", """{"mixer":"convolution"}""", "conv1.conv.weight")]
    [InlineData("lightm-unet", """{"mixer":"convolution","dims":3,"residual":false}""", "conv1.conv.weight")]
    [InlineData("lightm-unet", """{"scan":"none"}""", "mamba.D")]
    [InlineData("lightm-unet", """{"scan":"none","dims":3}""", "mamba.in_proj.weight")]
    [InlineData("vmunet", """{"scan":"none"}""", "self_attention.Ds")]
    [InlineData("swin-umamba", """{"scan":"none"}""", "self_attention.Ds")]
    [InlineData("swin-umamba-d", """{"scan":"none"}""", "self_attention.conv2d.weight")]
    public void Are_what_differences_say(string id, string options, string parameter)
    {
        string? algorithm = Environment.GetEnvironmentVariable(ConvAlgorithms.Variable);
        Environment.SetEnvironmentVariable(ConvAlgorithms.Variable, "direct");
        try
        {
            CompareWithDifferences(id, options, parameter);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ConvAlgorithms.Variable, algorithm);
        }
    }

    static void CompareWithDifferences(string id, string options, string parameter)
    {
        using SegmentationModel model = NarrowModels.Create(id, 2, options);
        using Device device = CpuDevice.Create(1);
        Shape image = model.Dims == 3 ? new Shape(1, 8, 16, 16, 3) : new Shape(1, 64, 64, 3);
        (Program program, Value logits) = Traced(model, image, isTraining: false, recompute: false);
        using var plan = new Plan(program, device, model.Store);
        Parameter p = model.Store.Parameters.Last(p => p.Name.EndsWith(parameter, StringComparison.Ordinal));
        float[] start = model.Store.Save(p);
        double objective(double step, float[] direction)
        {
            model.Store.Load(p, [.. start.Zip(direction, (x, d) => (float)(x + (step * d)))]);
            Fill(program, plan);
            plan.Run();
            return plan[logits].AsSpan().ToArray().Zip(Numbers(logits.Shape, 2), (x, s) => (double)x * s).Sum();
        }
        objective(0, start);
        float[] gradient = model.Store.SaveGradient(p);
        double length = Math.Sqrt(gradient.Sum(g => (double)g * g));
        float[] along = [.. gradient.Select(g => (float)(g / length))];
        Assert.True(length > 0);
        // Large steps see curvature and kinks, small ones the rounding of float32; where both are small lies the slope.
        // Swin-UMamba's skip weights hardly move its logits (its gradient has length 0.01): only 0.1 stands out there.
        double best = new[] { 1e-1, 1e-2, 3e-3, 1e-3 }.Min(step =>
            Math.Abs(((objective(step, along) - objective(-step, along)) / (2 * step * length)) - 1));
        Assert.InRange(best, 0, 0.02);
    }

    static float[][] Gradients(string id, string options, int threads, bool recompute)
    {
        using SegmentationModel model = NarrowModels.Create(id, 2, options);
        using Device device = CpuDevice.Create(threads);
        Shape odd = model.Dims == 3 ? new Shape(2, 3, 7, 9, 3) : new Shape(2, 17, 23, 3);
        (Program program, _) = Traced(model, odd, isTraining: true, recompute);
        Assert.True(program.BlockCount > 0);
        using var plan = new Plan(program, device, model.Store);
        Fill(program, plan);
        plan.Run();
        return [.. program.LearnedParameters.OrderBy(p => p.Offset).Select(model.Store.SaveGradient)];
    }

    static (Program Program, Value Logits) Traced(SegmentationModel model, Shape shape, bool isTraining,
        bool recompute)
    {
        var program = new Program(isTraining);
        Value logits = program.Keep(model.Forward(program.Input("image", shape)), "logits");
        Engine.Programs.Gradients.Append(program, [(logits, program.Input("seed", shape.WithWidth(2)))],
            recompute: _ => recompute);
        return (program, logits);
    }

    static void Fill(Program program, Plan plan)
    {
        for (int i = 0; i < program.Inputs.Count; i++)
            Numbers(program.Inputs[i].Shape, i + 1).CopyTo(plan[program.Inputs[i]].AsSpan());
    }

    static float[] Numbers(Shape shape, int seed)
    {
        var rng = new CounterRng((ulong)seed, 0, "numbers");
        return [.. Enumerable.Range(0, (int)shape.Count).Select(i => (float)rng.Normal((ulong)i))];
    }
}
