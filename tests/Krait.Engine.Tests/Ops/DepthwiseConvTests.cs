using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class DepthwiseConvTests
{
    /// <summary>x, taps, padding before, padding behind.</summary>
    public static TheoryData<int[], int[], int[], int[]> Cases => new()
    {
        { [2, 7, 5, 6], [3, 3], [0, 1, 1], [0, 1, 1] },
        { [1, 3, 18, 19], [3, 3], [0, 1, 1], [0, 1, 1] },
        { [2, 9, 6], [4], [0, 0, 3], [0, 0, 3] },
        { [2, 21, 17], [4], [0, 0, 3], [0, 0, 0] },
        { [1, 4, 5, 9, 4], [3, 3, 3], [1, 1, 1], [1, 1, 1] },
        { [1, 1, 1, 3], [3, 3], [0, 1, 1], [0, 1, 1] },
        { [1, 2, 12, 8], [1, 7], [0, 0, 3], [0, 0, 3] },
        { [1, 5, 9, 3], [3, 3], [0, 0, 0], [0, 0, 0] },
        { [1, 2, 3, 5], [5, 5], [0, 4, 5], [0, 0, 1] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Depthwise_convolution_and_its_gradients_equal_the_double_oracle(
        int[] x, int[] kernel, int[] before, int[] behind)
    {
        foreach (Activation activation in new[] { Activation.None, Activation.Silu })
            new OpCheck { MaxPerturbed = 24 }.Run(
                [new Shape(x), new Shape([.. kernel, 1, x[^1]]), new Shape(x[^1])],
                v => DepthwiseConv.Apply(v[0], v[1], v[2], Extent(before), Extent(behind), activation),
                v => Oracle(new Shape(x), kernel, Extent(before), Extent(behind), v[0], v[1], v[2], activation));
    }

    [Fact]
    public void Many_channels_and_many_rows_equal_the_double_oracle()
    {
        var pad = new Extent3(0, 1, 1);
        foreach (int[] x in new int[][] { [1, 2, 9, 301], [1, 13, 300, 4], [2, 9, 10, 5] })
            new OpCheck { MaxPerturbed = 5 }.Run([new Shape(x), new Shape(3, 3, x[^1])],
                v => DepthwiseConv.Apply(v[0], v[1], null),
                v => Oracle(new Shape(x), [3, 3], pad, pad, v[0], v[1], new double[x[^1]], Activation.None));
    }

    [Fact]
    public void Causal_outputs_do_not_see_what_comes_later()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1, 5, 2)), w = program.Input("w", new Shape(4, 2));
        Value y = program.Keep(DepthwiseConv.Causal(x, w, null), "y");
        using var device = Krait.Engine.Devices.CpuDevice.Create(1);
        using var store = new ParameterStore();
        using var plan = new Plan(program, device, store);
        plan[w].AsSpan().Fill(1);
        plan[x].AsSpan().Clear();
        plan[x].Row(2)[0] = 1;
        plan.Run();
        Assert.Equal([0, 0, 0, 0, 1, 0, 1, 0, 1, 0], plan[y].AsSpan().ToArray());
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1, 5, 2));
        Assert.Throws<ShapeException>(() => DepthwiseConv.Apply(x, program.Input("w", new Shape(4, 3)), null));
        Assert.Throws<ShapeException>(() => DepthwiseConv.Apply(x, program.Input("v", new Shape(2, 4, 2)), null));
        Assert.Throws<ShapeException>(
            () => DepthwiseConv.Apply(x, program.Input("u", new Shape(7, 2)), null, default, default));
    }

    static Extent3 Extent(int[] e) => new(e[0], e[1], e[2]);

    static double[] Oracle(Shape x, int[] kernel, Extent3 before, Extent3 behind, double[] input, double[] w,
        double[] bias, Activation activation)
    {
        (int d, int h, int l) = x.Spatial;
        (int kd, int kh, int kw) = (kernel.Length > 2 ? kernel[0] : 1, kernel.Length > 1 ? kernel[^2] : 1, kernel[^1]);
        (int od, int oh, int ow) = (d + before.D + behind.D - kd + 1, h + before.H + behind.H - kh + 1,
            l + before.W + behind.W - kw + 1);
        int channels = x.Width;
        var y = new double[x.Batch * od * oh * ow * channels];
        for (int e = 0; e < y.Length; e++)
        {
            int c = e % channels, p = e / channels, o = p % ow, v = p / ow % oh, z = p / ow / oh % od;
            int b = p / ow / oh / od;
            double sum = bias[c];
            for (int t = 0; t < kd * kh * kw; t++)
            {
                int iz = z - before.D + t / kw / kh, iy = v - before.H + t / kw % kh, ix = o - before.W + t % kw;
                if (iz >= 0 && iz < d && iy >= 0 && iy < h && ix >= 0 && ix < l)
                    sum += input[(((b * d + iz) * h + iy) * l + ix) * channels + c] * w[t * channels + c];
            }
            y[e] = activation == Activation.Silu ? sum / (1 + Math.Exp(-sum)) : sum;
        }
        return y;
    }
}
