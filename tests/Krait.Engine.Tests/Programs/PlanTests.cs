using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Programs;

public sealed class PlanTests : IDisposable
{
    readonly Device _device = CpuDevice.Create(2);
    readonly ParameterStore _store = new();

    public void Dispose()
    {
        _device.Dispose();
        _store.Dispose();
    }

    static void Set(Plan plan, Value value, Func<int, float> number)
    {
        Rows rows = plan[value];
        int i = 0;
        for (long r = 0; r < rows.Count; r++)
            foreach (ref float x in rows.Row(r))
                x = number(i++);
    }

    static float[] Get(Plan plan, Value value)
    {
        Rows rows = plan[value];
        var all = new List<float>();
        for (long r = 0; r < rows.Count; r++)
            all.AddRange(rows.Row(r).ToArray());
        return [.. all];
    }

    [Fact]
    public void Concatenation_of_sums_is_written_in_place_and_equals_a_copy()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(3, 2));
        Value joined = Concat.Apply(Add.Apply(x, x), x, Add.Apply(x, Add.Apply(x, x)));
        program.Keep(joined, "y");
        using var plan = new Plan(program, _device, _store);
        Set(plan, x, i => i + 1);
        plan.Run();
        Assert.Equal([2, 4, 1, 2, 3, 6, 6, 8, 3, 4, 9, 12, 10, 12, 5, 6, 15, 18], Get(plan, joined));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_slices_join_and_parameters_get_theirs(bool debug)
    {
        Parameter p = _store.Declare("p", ParameterKind.Weight, new Shape(2, 6), null, (_, _, v) => v.Fill(1));
        _store.Declare("unused", ParameterKind.Weight, new Shape(3), null, (_, _, v) => v.Fill(1));
        _store.Initialize(0);
        var program = new Program(true);
        Value w = program.Parameter(p);
        Value x = program.Input("x", new Shape(2, 2));
        Value y;
        using (program.RecomputableBlock())
            y = Add.Apply(Add.Apply(SliceChannels.Apply(w, 0, 2), SliceChannels.Apply(w, 3, 2)), x);
        Value z = Add.Apply(y, SliceChannels.Apply(w, 4, 2));
        program.Keep(z, "z");
        Value seed = program.Input("seed", new Shape(2, 2));
        var wanted = Gradients.Append(program, [(z, seed)], [x], accumulate: true, recompute: _ => true);
        program.Keep(wanted[x]!, "dx");
        using var plan = new Plan(program, _device, _store, new PlanOptions { Debug = debug });
        for (int run = 1; run <= 2; run++)
        {
            Set(plan, x, i => i);
            Set(plan, seed, i => 1 + i);
            plan.Run();
            Assert.Equal([3, 4, 5, 6], Get(plan, z));
            Assert.Equal([1, 2, 3, 4], Get(plan, wanted[x]!));
            float[] once = [1, 2, 0, 1, 3, 2, 3, 4, 0, 3, 7, 4];
            Assert.Equal(once.Select(g => g * run), _store.SaveGradient(p));
        }
        Assert.Equal(["p"], program.LearnedParameters.Select(q => q.Name));
    }

    [Fact]
    public void What_nobody_keeps_is_not_computed_and_buffers_are_reused()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1000));
        Value y = x;
        for (int i = 0; i < 10; i++)
        {
            Copy.Apply(y);
            y = Copy.Apply(y);
        }
        program.Keep(y, "y");
        using var plan = new Plan(program, _device, _store);
        Assert.Equal(10, plan.Steps.Count);
        Assert.Equal(2 * 1008 * sizeof(float), plan.ArenaBytes);
        Assert.Equal(plan.ArenaBytes, Plan.ForecastArenaBytes(program));
    }

    [Fact]
    public void Prediction_borrows_what_is_only_packed_and_never_reads_what_is_dead()
    {
        Parameter weight = _store.Declare("weight", ParameterKind.Weight, new Shape(2, 2), [1, 0], Fill(0));
        Parameter bias = _store.Declare("bias", ParameterKind.Weight, new Shape(2), null, Fill(0));
        Parameter dead = _store.Declare("dead", ParameterKind.Weight, new Shape(2, 2), null, Fill(0));
        var read = new List<string>();
        _store.Defer(_store.Parameters.Select(p => KeyValuePair.Create<Parameter, ParameterReader>(p, v =>
        {
            read.Add(p.Name);
            for (int i = 0; i < v.Length; i++)
                v[i] = i + 1;
        })));
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1, 2));
        Value y = MatMul.Apply(x, program.Parameter(weight), program.Parameter(bias));
        MatMul.Apply(y, program.Parameter(dead));
        program.Keep(y, "y");
        using var plan = new Plan(program, _device, _store, new PlanOptions { HoistConstants = true });
        Set(plan, x, i => 10 * i + 1);
        for (int run = 0; run < 2; run++)
        {
            plan.Run();
            Assert.Equal([1 + 33 + 1, 2 + 44 + 2], Get(plan, y));
        }
        Assert.Equal(["bias", "weight"], read);
        Assert.Equal([1, 2, 3, 4], _store.Save(weight));
        Assert.Equal(["bias", "weight", "weight"], read);
        _store.Load(weight, [1, 0, 0, 1]);
        plan.Run();
        Assert.Equal([1 + 1, 11 + 2], Get(plan, y));
        Assert.Equal([1, 2, 3, 4], _store.Values(dead).ToArray());
        Assert.Throws<InvalidOperationException>(() => _store.Initialize(0));
    }

    static Initializer Fill(float value) => (_, _, v) => v.Fill(value);

    [Fact]
    public void The_guard_names_the_layer_that_yields_infinity()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(4));
        Value y;
        using (program.Layer("encoder.block"))
            y = Add.Apply(x, x);
        program.Keep(y, "y");
        using var plan = new Plan(program, _device, _store, new PlanOptions { CheckNumerics = true });
        Set(plan, x, _ => float.MaxValue);
        Assert.Contains("encoder.block", Assert.Throws<NumericException>(() => plan.Run()).Message);
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(64, 1000));
        Value y = x;
        for (int i = 0; i < 200; i++)
            y = Add.Apply(y, x);
        program.Keep(y, "y");
        using Device alone = CpuDevice.Create(1);
        using var plan = new Plan(program, alone, _store);
        plan.Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        plan.Run();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100);
    }

    [Fact]
    public void Shapes_that_do_not_fit_say_what_came()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(2, 3));
        ShapeException e = Assert.Throws<ShapeException>(() => Add.Apply(x, program.Input("y", new Shape(3, 2))));
        Assert.Contains("[2, 3], [3, 2]", e.Message);
    }
}
