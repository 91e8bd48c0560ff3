using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Engine.Tests.Kernels;

namespace Krait.Engine.Tests.Ops;

public sealed class SelectiveScanTests
{
    [Theory]
    [InlineData(2, 70, 20, 4, 1, true, true, true)]
    [InlineData(1, 9, 12, 3, 4, false, true, true)]
    [InlineData(2, 5, 38, 5, 2, true, false, true)]
    [InlineData(1, 1, 3, 1, 1, true, true, false)]
    [InlineData(3, 7, 40, 2, 1, false, false, false)]
    public void Result_and_gradients_of_every_input(
        int batch, int length, int d, int n, int groups, bool skip, bool gate, bool softplus) =>
        new OpCheck { Draw = Numbers(softplus), MaxPerturbed = 20 }.Run(
            Shapes(batch, length, d, n, groups, skip, gate),
            v => Apply(v, skip, gate, softplus).Y,
            x => Oracle(x, batch, length, d, n, groups, skip, gate, softplus, last: false));

    [Theory]
    [InlineData(2, 70, 20, 4, 3, true)]
    [InlineData(1, 9, 40, 3, 1, false)]
    [InlineData(3, 5, 33, 2, 17, true)]
    [InlineData(17, 2, 20, 1, 2, false)] // Many samples: one task walks over both blocks of channels.
    public void Step_sizes_from_a_projection_and_gradients_of_every_input(
        int batch, int length, int d, int n, int rank, bool gate)
    {
        List<Shape> shapes = [.. Shapes(batch, length, d, n, 1, true, gate)];
        shapes[1] = new Shape(batch, length, rank);
        int weight = shapes.Count;
        shapes.Add(new Shape(d, rank));
        new OpCheck { Draw = Numbers(true), MaxPerturbed = 20 }.Run([.. shapes],
            v => Apply(v[..weight], true, gate, true, v[weight]).Y,
            x => Oracle([x[0], Project(x[1], x[weight], rank), .. x[2..weight]], batch, length, d, n, 1, true, gate,
                true, last: false));
    }

    [Theory]
    [InlineData(2, 70, 20, 4, 1)]
    [InlineData(1, 3, 34, 3, 2)]
    public void Last_state_and_its_gradients(int batch, int length, int d, int n, int groups) =>
        new OpCheck { IsTraining = false, Draw = Numbers(true), MaxPerturbed = 20 }.Run(
            Shapes(batch, length, d, n, groups, true, false),
            v => Apply(v, true, false, true).Last,
            x => Oracle(x, batch, length, d, n, groups, true, false, true, last: true));

    [Fact]
    public void Shapes_that_do_not_fit_are_refused_with_the_rule()
    {
        var program = new Program(false);
        Value u = program.Input("u", new Shape(1, 4, 6)), a = program.Input("a", new Shape(6, 2));
        Value b = program.Input("b", new Shape(1, 4, 4, 2)), a5 = program.Input("a5", new Shape(5, 2));
        var error = Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, u, a, b, b));
        Assert.Contains("G divides the channels", error.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, u, a5, b, b));
        Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, b, a, b, b));
        Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, u, a, u, u));
        Value two = program.Input("two", new Shape(1, 4, 2, 2)), dt = program.Input("dt", new Shape(1, 4, 3));
        Value weight = program.Input("weight", new Shape(6, 3)), bc = program.Input("bc", new Shape(1, 4, 2));
        Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, dt, a, two, two, stepWeight: weight));
        Assert.Throws<ShapeException>(() => SelectiveScan.Apply(u, u, a, bc, bc, stepWeight: weight));
    }

    [Fact]
    public void Cost_follows_the_published_rule()
    {
        var program = new Program(false);
        Value[] v = [.. Shapes(2, 8, 6, 3, 1, true, true).Select((s, i) => program.Input($"x{i}", s))];
        Cost cost = Apply(v, true, true, true).Y.Producer!.Cost;
        Assert.Equal((9 * 2 * 8 * 6 * 3) + (2 * 8 * 6), cost.Macs);
        Assert.Equal(2 * 8 * 6 * 3, cost.ScanUpdates);
        Value dt = program.Input("dt", new Shape(2, 8, 5)), weight = program.Input("weight", new Shape(6, 5));
        Cost projecting = Apply([v[0], dt, .. v[2..]], true, true, true, weight).Y.Producer!.Cost;
        Assert.Equal(2 * 8 * 6 * 5, projecting.ProductMacs);
        Assert.Equal(cost.Macs, projecting.Macs - projecting.ProductMacs);
    }

    static (Value Y, Value Last) Apply(Value[] v, bool skip, bool gate, bool softplus, Value? weight = null) =>
        SelectiveScan.Apply(v[0], v[1], v[2], v[3], v[4], skip ? v[6] : null, gate ? v[^1] : null, v[5], softplus,
            weight);

    /// <summary>Rows of dt times the weight's rows.</summary>
    static double[] Project(double[] dt, double[] weight, int rank) =>
        [.. from row in dt.Chunk(rank) from w in weight.Chunk(rank) select row.Zip(w, (a, b) => a * b).Sum()];

    static Shape[] Shapes(int batch, int length, int d, int n, int groups, bool skip, bool gate)
    {
        Shape bc = groups == 1 ? new Shape(batch, length, n) : new Shape(batch, length, groups, n);
        var all = new List<Shape> { new(batch, length, d), new(batch, length, d), new(d, n), bc, bc, new(d) };
        if (skip)
            all.Add(new Shape(d));
        if (gate)
            all.Add(new Shape(batch, length, d));
        return [.. all];
    }

    static Func<int, int, double, double> Numbers(bool softplus) => (input, _, u) => input switch
    {
        1 => softplus ? 3 * u : 0.5 + (0.4 * u),
        2 => -1.2 - u,
        _ => u,
    };

    static double[] Oracle(double[][] x, int batch, int length, int d, int n, int groups, bool skip, bool gate,
        bool softplus, bool last)
    {
        int width = d / groups;
        var y = new double[batch * length * d];
        var states = new double[batch * d * n];
        for (int b = 0; b < batch; b++)
            for (int g = 0; g < groups; g++)
            {
                var scan = new ScanOracle(length, width, n);
                for (int c = 0; c < width; c++)
                {
                    int channel = (g * width) + c;
                    scan.Skip[c] = skip ? x[6][channel] : 0;
                    for (int s = 0; s < n; s++)
                        scan.A[(c * n) + s] = x[2][(channel * n) + s];
                    for (int l = 0; l < length; l++)
                    {
                        int at = (((b * length) + l) * d) + channel;
                        scan.U[(l * width) + c] = x[0][at];
                        scan.Raw[(l * width) + c] = x[1][at] + x[5][channel];
                    }
                }
                for (int i = 0; i < length * n; i++)
                {
                    int at = ((((b * length) + (i / n)) * groups + g) * n) + (i % n);
                    scan.B[i] = x[3][at];
                    scan.C[i] = x[4][at];
                }
                scan.Run(new double[length * width], softplus);
                for (int i = 0; i < length * width; i++)
                {
                    int at = (((b * length) + (i / width)) * d) + (g * width) + (i % width);
                    double z = gate ? x[^1][at] : 0;
                    y[at] = scan.Y[i] * (gate ? z / (1 + Math.Exp(-z)) : 1);
                }
                scan.Last.CopyTo(states, ((b * d) + (g * width)) * n);
            }
        return last ? states : y;
    }
}
