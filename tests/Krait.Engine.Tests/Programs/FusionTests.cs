using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Programs;

public sealed class FusionTests : IDisposable
{
    readonly Device _device = CpuDevice.Create(2);
    readonly ParameterStore _store = new();

    public void Dispose()
    {
        _device.Dispose();
        _store.Dispose();
    }

    /// <summary>norm, product, residual with a factor, norm, product, residual: two steps in prediction.</summary>
    [Fact]
    public void A_product_takes_over_the_norm_before_and_the_sum_behind()
    {
        (Program program, Value x, Value y) = Residuals(keepNorm: false);
        using var fused = new Plan(program, _device, _store, new PlanOptions { HoistConstants = true });
        Assert.Equal(["MatMul", "MatMul"], fused.Steps.Where(op => op is not Reshape).Select(op => op.Name));
        AssertSameBits(program, x, y, fused);
    }

    [Fact]
    public void What_somebody_else_reads_is_written()
    {
        (Program program, Value x, Value y) = Residuals(keepNorm: true);
        using var fused = new Plan(program, _device, _store, new PlanOptions { HoistConstants = true });
        Assert.Equal(["LayerNorm", "MatMul", "MatMul"],
            fused.Steps.Where(op => op is not Reshape).Select(op => op.Name));
        AssertSameBits(program, x, y, fused);
    }

    /// <summary>A Mamba over two samples, whose sequences fill four slabs and a bit: the same bits in less memory.</summary>
    [Theory]
    [InlineData(12, 3, false)]
    [InlineData(12, 3, true)]
    [InlineData(32, 4, false)]
    public void Long_sequences_run_slab_by_slab(int inner, int states, bool keepInner)
    {
        const int width = 6, length = (4 * SlabGroup.Rows) + 65;
        var program = new Program(false);
        Value x = program.Input("x", new Shape(2, length, width));
        Value xz = MatMul.Apply(LayerNorm.Apply(x, null, null), Parameter(program, "in", 2 * inner, width));
        if (keepInner)
            program.Keep(xz, "xz");
        Value u = DepthwiseConv.Causal(SliceChannels.Apply(xz, 0, inner), Parameter(program, "conv", 4, 1, inner),
            Parameter(program, "convBias", inner), Activation.Silu);
        Value projected = MatMul.Apply(u, Parameter(program, "proj", 2 + (2 * states), inner));
        Value a = Affine.Apply(Activate.Apply(Parameter(program, "aLog", inner, states), Activation.Exp), -1f);
        Value y = SelectiveScan.Apply(u, SliceChannels.Apply(projected, 0, 2), a,
            SliceChannels.Apply(projected, 2, states), SliceChannels.Apply(projected, 2 + states, states),
            Parameter(program, "skip", inner), SliceChannels.Apply(xz, inner, inner), Parameter(program, "bias", inner),
            stepWeight: Parameter(program, "step", inner, 2)).Y;
        y = MatMul.Apply(y, Parameter(program, "out", width, inner));
        y = program.Keep(AddScaled.Apply(y, x, Parameter(program, "s", 1)), "y");
        _store.Initialize(0);
        using var fused = new Plan(program, _device, _store, new PlanOptions { HoistConstants = true });
        using var whole = new Plan(program, _device, _store);
        Assert.True(fused.ArenaBytes < (keepInner ? 0.95 : 0.75) * whole.ArenaBytes);
        AssertSameBits(program, x, y, fused);
        using Device alone = CpuDevice.Create(1);
        using var onOneThread = new Plan(program, alone, _store, new PlanOptions { HoistConstants = true });
        AssertSameBits(program, x, y, onOneThread);
    }

    Value Parameter(Program program, string name, params int[] shape) => program.Parameter(_store.Declare(
        name, ParameterKind.Weight, new Shape(shape), null, (_, _, v) =>
        {
            for (int i = 0; i < v.Length; i++)
                v[i] = MathF.Sin((i * 1.7f) + shape[0] + name.Length) / 3;
        }));

    (Program Program, Value X, Value Y) Residuals(bool keepNorm)
    {
        const int rows = 4099, width = 21;
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1, rows, width));
        Value gamma = Parameter(program, "gamma", width), beta = Parameter(program, "beta", width);
        Value norm = LayerNorm.Apply(x, gamma, beta);
        if (keepNorm)
            program.Keep(norm, "norm");
        Value y = MatMul.Apply(Reshape.Apply(norm, new Shape(1, 1, rows, width)),
            Parameter(program, "w", width, width));
        y = AddScaled.Apply(Reshape.Apply(y, x.Shape), x, Parameter(program, "s", 1));
        y = MatMul.Apply(LayerNorm.Apply(y, gamma, null), Parameter(program, "v", width, width),
            Parameter(program, "b", width));
        y = program.Keep(Add.Apply(x, y), "y");
        _store.Initialize(0);
        return (program, x, y);
    }

    void AssertSameBits(Program program, Value x, Value y, Plan fused)
    {
        using var plain = new Plan(program, _device, _store);
        foreach (Plan plan in new[] { fused, plain })
        {
            Span<float> input = plan[x].AsSpan();
            for (int i = 0; i < input.Length; i++)
                input[i] = MathF.Sin(i) + MathF.Cos(i * 0.01f);
            plan.Run();
        }
        Assert.Equal(plain[y].AsSpan().ToArray(), fused[y].AsSpan().ToArray());
    }
}
