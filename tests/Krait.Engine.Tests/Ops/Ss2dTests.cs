using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Engine.Tests.Kernels;

namespace Krait.Engine.Tests.Ops;

public sealed class Ss2dTests
{
    const int R = 2, N = 4;

    [Theory]
    [InlineData(1, 9, 8, 21, true)]
    [InlineData(2, 5, 3, 40, true)]
    [InlineData(2, 1, 4, 3, false)]
    public void Sum_of_directions_and_gradients_of_every_input(int batch, int h, int w, int d, bool training) =>
        new OpCheck { IsTraining = training, Draw = Numbers, MaxPerturbed = 24 }.Run(Shapes(batch, h, w, d),
            v => Ss2d.Apply(v[0], v[1], v[2], v[3], v[4], v[5]),
            x => Oracle(x, batch, h, w, d, summed: true));

    [Fact]
    public void Directions_before_the_sum_and_gradients_of_every_input() =>
        new OpCheck { Draw = Numbers, MaxPerturbed = 16 }.Run(Shapes(2, 3, 5, 19),
            v => Copy.Apply(Ss2d.ApplyDirections(v[0], v[1], v[2], v[3], v[4], v[5])),
            x => Oracle(x, 2, 3, 5, 19, summed: false));

    [Fact]
    public void Shapes_that_do_not_fit_are_refused_with_the_rule()
    {
        var program = new Program(false);
        Value[] v = [.. Shapes(1, 4, 4, 8).Select((s, i) => program.Input($"x{i}", s))];
        var error = Assert.Throws<ShapeException>(() => Ss2d.Apply(v[0], v[0], v[2], v[3], v[4], v[5]));
        Assert.Contains("4 (R + 2 N)", error.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Ss2d.Apply(v[0], v[1], v[2], v[3], v[2], v[5]));
        Assert.Throws<ShapeException>(() => Ss2d.Apply(v[0], v[1], v[2], v[5], v[4], v[5]));
    }

    [Fact]
    public void Cost_follows_the_published_rule()
    {
        var program = new Program(false);
        Value[] v = [.. Shapes(1, 4, 4, 8).Select((s, i) => program.Input($"x{i}", s))];
        Cost cost = Ss2d.Apply(v[0], v[1], v[2], v[3], v[4], v[5]).Producer!.Cost;
        long rows = 4 * 16 * 8;
        Assert.Equal((9 * rows * N) + rows + (rows * R), cost.Macs);
        Assert.Equal(rows * N, cost.ScanUpdates);
    }

    [Fact]
    public void Step_that_is_not_a_number_shows_in_its_channel_and_nowhere_else()
    {
        using Device device = CpuDevice.Create(1);
        using var store = new ParameterStore();
        var program = new Program(false);
        Value[] v = [.. Shapes(1, 3, 4, 5).Select((s, i) => program.Input($"x{i}", s))];
        Value y = program.Keep(Ss2d.Apply(v[0], v[1], v[2], v[3], v[4], v[5]), "y");
        using var plan = new Plan(program, device, store);
        foreach (Value x in v)
            plan[x].AsSpan().Fill(0.5f);
        plan[v[3]].Row(1)[2] = float.NaN;
        plan.Run();
        for (int i = 0; i < 12; i++)
            for (int c = 0; c < 5; c++)
                Assert.Equal(c == 2, float.IsNaN(plan[y].Row(i)[c]));
    }

    static Shape[] Shapes(int batch, int h, int w, int d) =>
        [new(batch, h, w, d), new(batch, h, w, 4 * (R + (2 * N))), new(4, d, R), new(4, d), new(4 * d, N), new(4 * d)];

    static double Numbers(int input, int i, double u) => input == 3 ? (3 * u) - 1 : u;

    static double[] Oracle(double[][] x, int batch, int h, int w, int d, bool summed)
    {
        int length = h * w, wide = 4 * (R + (2 * N)), size = length * d;
        var y = new double[(summed ? 1 : 4) * batch * size];
        for (int b = 0; b < batch; b++)
        {
            var oracle = new Ss2dOracle(h, w, d, N, R);
            oracle.Run(x[0][(b * size)..((b + 1) * size)], x[1][(b * length * wide)..((b + 1) * length * wide)],
                x[2], x[3], x[4], x[5], [.. Enumerable.Repeat(new double[size], 4)]);
            for (int k = 0; k < 4; k++)
                for (int i = 0; i < size; i++)
                    y[(((summed ? 0 : k * batch) + b) * size) + i] += oracle.Y[k][i];
        }
        return y;
    }
}
