using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class ChannelNormTests
{
    static readonly int[][] Shapes = [[3, 4, 6, 5], [2, 3, 3, 17], [2, 200, 3, 33], [2, 2, 3, 4, 16], [4, 7, 3]];

    public static TheoryData<int[], Activation> Cases
    {
        get
        {
            var data = new TheoryData<int[], Activation>();
            foreach (int[] shape in Shapes)
                data.Add(shape, Activation.None);
            data.Add(Shapes[0], Activation.Silu);
            data.Add(Shapes[1], Activation.LeakyRelu);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Batch_norm_in_training_equals_the_oracle(int[] shape, Activation activation) =>
        Check(shape).Run(Inputs(shape),
            v => BatchNorm.Apply(v[0], v[1], v[2], Fill.Apply(v[0].Program, Vector(shape), 0f),
                Fill.Apply(v[0].Program, Vector(shape), 1f), activation: activation),
            x => Oracle(x, shape, shape[^1], true, activation));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Instance_norm_equals_the_oracle(int[] shape, Activation activation) =>
        Check(shape).Run(Inputs(shape), v => GroupNorm.Apply(v[0], shape[^1], v[1], v[2], activation: activation),
            x => Oracle(x, shape, shape[^1], false, activation));

    [Theory]
    [InlineData(1, 6)]
    [InlineData(2, 6)]
    [InlineData(3, 18)]
    [InlineData(8, 32)]
    public void Group_norm_equals_the_oracle(int groups, int width)
    {
        int[] shape = [2, 3, 5, width];
        Check(shape).Run(Inputs(shape), v => GroupNorm.Apply(v[0], groups, v[1], v[2]),
            x => Oracle(x, shape, groups, false, Activation.None));
    }

    [Fact]
    public void Batch_norm_in_evaluation_uses_running_statistics()
    {
        int[] shape = [2, 3, 4, 19];
        new OpCheck { IsTraining = false, Constants = [3, 4], Draw = (k, _, u) => k is 1 or 4 ? 1.5 + u : 2 * u }.Run(
            [.. Inputs(shape), Vector(shape), Vector(shape)],
            v => BatchNorm.Apply(v[0], v[1], v[2], v[3], v[4], activation: Activation.Silu),
            x => [.. x[0].Select((a, i) => Function(Activation.Silu,
                ((a - x[3][i % 19]) / Math.Sqrt(x[4][i % 19] + 1e-5) * x[1][i % 19]) + x[2][i % 19]))]);
    }

    [Fact]
    public void Gradients_of_a_norm_add_to_what_came_before()
    {
        int[] shape = [2, 3, 2, 5];
        Check(shape).Run(Inputs(shape), v => Add.Apply(GroupNorm.Apply(v[0], 5, v[1], v[2]), v[0]),
            x => [.. Oracle(x, shape, 5, false, Activation.None).Zip(x[0], (y, a) => y + a)]);
    }

    /// <summary>
    /// r += momentum (value - r), the variance unbiased; and once only, also when a block is recomputed.
    /// </summary>
    [Fact]
    public void Training_moves_running_statistics_once_a_step()
    {
        foreach (SimdLevel level in SimdLevels.Available)
        {
            using Device device = CpuDevice.Create(2, level);
            using var store = new ParameterStore();
            Parameter mean = store.Declare("mean", ParameterKind.State, new Shape(2), null, (_, _, v) => v.Fill(0.5f));
            Parameter variance = store.Declare("var", ParameterKind.State, new Shape(2), null, (_, _, v) => v.Fill(2f));
            Parameter batches = store.Declare("n", ParameterKind.Counter, new Shape(1), null, (_, _, v) => v.Fill(7f));
            store.Initialize(0);
            var program = new Program(true);
            Value x = program.Input("x", new Shape(2, 2, 2)), y;
            using (program.RecomputableBlock())
                y = Activate.Apply(BatchNorm.Apply(x, null, null, program.Parameter(mean), program.Parameter(variance),
                    batches: program.Parameter(batches)), Activation.Silu);
            Value dx = Gradients.Append(program, [(y, null)], [x], recompute: _ => true)[x]!;
            program.Keep(dx, "dx");
            using var plan = new Plan(program, device, store);
            float[] numbers = [1, 10, 2, 20, 3, 30, 6, 60];
            numbers.CopyTo(plan[x].AsSpan());
            plan.Run();
            Assert.Equal([0.5f + (0.1f * 2.5f), 0.5f + (0.1f * 29.5f)],
                plan[program.Parameter(mean)].AsSpan().ToArray(), new Near());
            Assert.Equal(8f, store.Save(batches)[0]);
            Assert.Equal([2f + (0.1f * ((14f / 3) - 2)), 2f + (0.1f * ((1400f / 3) - 2))],
                plan[program.Parameter(variance)].AsSpan().ToArray(), new Near());
        }
    }

    sealed class Near : IEqualityComparer<float>
    {
        public bool Equals(float a, float b) => MathF.Abs(a - b) <= 2e-6f * MathF.Abs(a);
        public int GetHashCode(float x) => 0;
    }

    static Shape Vector(int[] shape) => new(shape[^1]);
    static Shape[] Inputs(int[] shape) => [new(shape), Vector(shape), Vector(shape)];

    static OpCheck Check(int[] shape) => new()
    {
        MaxPerturbed = 12,
        Draw = (k, i, u) => k switch { 0 => (2 * u) + (3 * (i % shape[^1])), 1 => 1 + (0.5 * u), _ => u },
    };

    static double Function(Activation activation, double x) => activation switch
    {
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.LeakyRelu => x > 0 ? x : 0.01f * x,
        _ => x,
    };

    static double[] Oracle(double[][] inputs, int[] shape, int groups, bool overBatch, Activation activation)
    {
        double[] x = inputs[0], y = new double[x.Length];
        int width = shape[^1], size = width / groups, perSample = x.Length / shape[0];
        for (int s = 0; s < (overBatch ? 1 : shape[0]); s++)
            for (int g = 0; g < groups; g++)
            {
                int[] members = [.. Enumerable.Range(0, x.Length).Where(i =>
                    (overBatch || i / perSample == s) && i % width / size == g)];
                double mean = members.Average(i => x[i]);
                double variance = members.Average(i => (x[i] - mean) * (x[i] - mean));
                foreach (int i in members)
                    y[i] = Function(activation, ((x[i] - mean) / Math.Sqrt(variance + 1e-5) * inputs[1][i % width])
                        + inputs[2][i % width]);
            }
        return y;
    }
}
