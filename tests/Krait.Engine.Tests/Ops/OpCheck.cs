using System.Collections.Concurrent;
using System.Runtime.Intrinsics.X86;
using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

/// <summary>
/// One op against a slow double-precision oracle: outputs directly, gradients of every input by central differences of
/// the oracle. Runs on every instruction set, with dense rows and with rows that have gaps (inputs are slices of wider
/// values, the output lies between two neighbours that must stay whole), and with 1 and 2 threads for equal bits.
/// </summary>
public sealed class OpCheck
{
    const double Step = 1e-5;

    /// <summary>What the machine has, and the 512-bit code: where AVX-512 is missing it runs as two halves.</summary>
    static readonly SimdLevel[] Levels = Fma.IsSupported
        ? [.. SimdLevels.Available.Append(SimdLevel.Vector512).Distinct()]
        : [.. SimdLevels.Available];

    /// <summary>Shared by all tests; a device serves several callers.</summary>
    static readonly ConcurrentDictionary<(int Threads, SimdLevel Level), Device> Devices = new();

    /// <summary>Largest difference relative to the largest expected number.</summary>
    public double Tolerance { get; init; } = 1e-5;

    public double GradientTolerance { get; init; } = 5e-5;
    public bool IsTraining { get; init; } = true;
    public ulong Seed { get; init; } = 1;

    /// <summary>Element i of input k from a uniform number in [-1, 1).</summary>
    public Func<int, int, double, double> Draw { get; init; } = (_, _, u) => 2 * u;

    /// <summary>Inputs whose gradient is not asked for, such as targets.</summary>
    public int[] Constants { get; init; } = [];

    /// <summary>At most so many elements of an input are perturbed.</summary>
    public int MaxPerturbed { get; init; } = 48;

    public void Run(Shape[] shapes, Func<Value[], Value> build, Func<double[][], double[]> oracle)
    {
        float[][] inputs = [.. shapes.Select((s, k) => Numbers(s, k))];
        double[] expected = oracle([.. inputs.Select(Widen)]);
        float[] cotangent = [.. expected.Select((_, i) => Uniform(99, i))];
        Differences[] differences = [.. shapes.Select((_, k) =>
            Constants.Contains(k) ? new Differences(1, []) : Difference(k, inputs, cotangent, oracle))];
        foreach (SimdLevel level in Levels)
        {
            Result dense = Execute(level, 1, false, shapes, inputs, cotangent, build);
            Result two = Execute(level, 2, false, shapes, inputs, cotangent, build);
            Result strided = Execute(level, 2, true, shapes, inputs, cotangent, build);
            Compare($"{level} output", expected, dense.Output, Tolerance);
            Compare($"{level} strided output", expected, strided.Output, Tolerance);
            Assert.Equal(dense.Output, two.Output);
            for (int k = 0; k < shapes.Length; k++)
            {
                if (Constants.Contains(k))
                    continue;
                Assert.Equal(dense.Gradients[k], two.Gradients[k]);
                Assert.Equal(inputs[k].Length, dense.Gradients[k].Length);
                (int every, double[] slopes) = (differences[k].Every, differences[k].Slopes);
                Compare($"{level} gradient of input {k}", slopes, Pick(dense.Gradients[k], every), GradientTolerance);
                Compare($"{level} strided gradient of input {k}", slopes, Pick(strided.Gradients[k], every),
                    GradientTolerance);
            }
        }
    }

    float[] Numbers(Shape shape, int k) =>
        [.. Enumerable.Range(0, (int)shape.Count).Select(i => (float)Draw(k, i, Uniform(k, i)))];

    float Uniform(int stream, int i) =>
        (2 * new CounterRng(Seed, 0, (ulong)stream).Uniform((ulong)i)) - 1;

    static double[] Widen(float[] x) => [.. x.Select(v => (double)v)];

    Result Execute(SimdLevel level, int threads, bool isStrided, Shape[] shapes, float[][] inputs, float[] cotangent,
        Func<Value[], Value> build)
    {
        Device device = Devices.GetOrAdd((threads, level), key => CpuDevice.Create(key.Threads, key.Level));
        using var store = new ParameterStore();
        var program = new Program(IsTraining);
        var roots = new Value[shapes.Length];
        var values = new Value[shapes.Length];
        for (int k = 0; k < shapes.Length; k++)
            (roots[k], values[k]) = Place(program, $"x{k}", shapes[k], isStrided);
        Value y = build(values), whole = y;
        if (isStrided)
        {
            Value fence = program.Input("fence", y.Shape.WithWidth(3));
            Value before = Copy.Apply(fence), after = Copy.Apply(fence);
            y = build(values); // After the fences, so that it could break them; the first one is never run.
            whole = Concat.Apply(before, y, after);
        }
        program.Keep(whole, "y");
        (Value seedRoot, Value seed) = Place(program, "dy", y.Shape, isStrided);
        List<Value> wanted = [.. values.Where((_, k) => !Constants.Contains(k))];
        IReadOnlyDictionary<Value, Value?> gradients = Gradients.Append(program, [(y, seed)], wanted);
        foreach (Value x in wanted)
            program.Keep(gradients[x]!, "d" + x.Name);
        using var plan = new Plan(program, device, store, new PlanOptions { Debug = isStrided });
        for (int k = 0; k < shapes.Length; k++)
            Write(plan[roots[k]], shapes[k], inputs[k], isStrided);
        Write(plan[seedRoot], y.Shape, cotangent, isStrided);
        if (program.Find("fence") is { } marked)
            Write(plan[marked], marked.Shape,
                [.. Enumerable.Range(0, (int)marked.Shape.Count).Select(i => i + 0.5f)], false);
        plan.Run();
        Rows rows = plan[whole];
        return new Result(
            Read(isStrided ? Inner(rows, y.Shape.Width) : rows),
            [.. values.Select(v => gradients.GetValueOrDefault(v) is { } g ? Read(plan[g]) : [])]);
    }

    /// <summary>A value of this shape: an input, or the channels 5 onwards of a wider one.</summary>
    static (Value Root, Value Value) Place(Program program, string name, Shape shape, bool isStrided)
    {
        Value root = program.Input(name, isStrided ? shape.WithWidth(shape.Width + 9) : shape);
        return (root, SliceChannels.Apply(root, isStrided ? 5 : 0, shape.Width));
    }

    static void Write(Rows rows, Shape shape, float[] numbers, bool isStrided)
    {
        for (int r = 0, i = 0; r < rows.Count; r++)
        {
            Span<float> row = rows.Row(r);
            if (isStrided)
            {
                row.Fill(float.NaN);
                row = row.Slice(5, shape.Width);
            }
            foreach (ref float x in row)
                x = numbers[i++];
        }
    }

    static Rows Inner(Rows rows, int width)
    {
        for (int r = 0; r < rows.Count; r++)
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal((3 * r) + i + 0.5f, rows.Row(r)[i]);
                Assert.Equal((3 * r) + i + 0.5f, rows.Row(r)[3 + width + i]);
            }
        return rows.Channels(3, width);
    }

    static float[] Read(Rows rows)
    {
        var all = new List<float>();
        for (long r = 0; r < rows.Count; r++)
            all.AddRange(rows.Row(r));
        return [.. all];
    }

    static void Compare(string what, double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = Math.Max(expected.Max(Math.Abs), 1e-3);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * largest,
                $"{what}[{i}]: expected {expected[i]:R}, got {actual[i]:R} (largest {largest:G3}).");
    }

    Differences Difference(int k, float[][] inputs, float[] cotangent, Func<double[][], double[]> oracle)
    {
        double[][] x = [.. inputs.Select(Widen)];
        int every = Math.Max(1, x[k].Length / MaxPerturbed);
        var slopes = new List<double>();
        for (int i = 0; i < x[k].Length; i += every)
        {
            double old = x[k][i];
            x[k][i] = old + Step;
            double up = Project(oracle(x), cotangent);
            x[k][i] = old - Step;
            slopes.Add((up - Project(oracle(x), cotangent)) / (2 * Step));
            x[k][i] = old;
        }
        return new Differences(every, [.. slopes]);
    }

    static float[] Pick(float[] x, int every) => [.. x.Where((_, i) => i % every == 0)];

    static double Project(double[] y, float[] cotangent)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
            sum += y[i] * cotangent[i];
        return sum;
    }

    sealed record Differences(int Every, double[] Slopes);

    sealed record Result(float[] Output, float[][] Gradients);
}
