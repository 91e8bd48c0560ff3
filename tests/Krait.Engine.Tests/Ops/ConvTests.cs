using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class ConvTests
{
    /// <summary>x, weight without its channels, I, O, stride, pad, groups.</summary>
    public static TheoryData<int[], int[], int, int[], int[], int> DirectCases => new()
    {
        { [2, 4, 3, 5], [1, 1], 3, [1], [0], 1 },
        { [2, 5, 6, 4], [3, 3], 6, [1, 1], [1, 1], 2 },
        { [2, 9, 8, 3], [3, 3], 4, [2, 2], [1, 1], 1 },
        { [2, 12, 17, 3], [4, 4], 4, [4, 4], [0, 0], 1 },
        { [1, 13, 16, 2], [7, 7], 5, [2, 2], [3, 3], 1 },
        { [1, 3, 5, 4, 2], [1, 3, 3], 3, [1, 1, 1], [0, 1, 1], 1 },
        { [2, 6, 5, 7, 2], [3, 3, 3], 3, [2, 2, 2], [1, 1, 1], 1 },
        { [2, 9, 6], [4], 6, [1], [3], 3 },
        { [1, 7, 19, 9], [3, 2], 35, [1, 1], [1, 0], 1 },
        { [1, 5, 70, 3], [3, 3], 2, [1, 2], [2, 1], 1 },
        { [1, 1, 1, 4], [3, 3], 3, [1, 1], [1, 1], 1 },
        { [1, 6, 5, 150], [1, 3], 17, [1, 1], [0, 1], 1 },
        { [1, 3, 4, 400], [1, 1], 3, [2, 2], [0, 0], 1 },
    };

    [Theory]
    [MemberData(nameof(DirectCases))]
    public void Convolution_and_its_gradients_equal_the_double_oracle(
        int[] x, int[] kernel, int o, int[] stride, int[] pad, int groups)
    {
        int i = x[^1];
        var weight = new Shape([.. kernel, i / groups, o]);
        ConvShape s = ConvShapes.Direct(
            new Shape(x), weight, ConvSettings.Of(stride, pad, groups: groups).ForRank(x.Length));
        new OpCheck { MaxPerturbed = 24 }.Run([new Shape(x), weight, new Shape(o)],
            v => Conv.Apply(v[0], v[1], v[2], ConvSettings.Of(stride, pad, groups: groups)),
            v => Oracle(s, v[0], v[1], v[2]));
    }

    /// <summary>x, taps, O, stride, pad, output pad, groups.</summary>
    public static TheoryData<int[], int[], int, int[], int[], int[], int> TransposedCases => new()
    {
        { [2, 3, 5, 4], [2, 2], 3, [2, 2], [0, 0], [0, 0], 1 },
        { [2, 4, 5, 1], [3, 3], 1, [2, 2], [1, 1], [1, 1], 1 },
        { [2, 4, 5, 3], [4, 4], 5, [2, 2], [1, 1], [0, 0], 1 },
        { [1, 2, 3, 4, 3], [1, 2, 2], 2, [1, 2, 2], [0, 0, 0], [0, 0, 0], 1 },
        { [2, 7, 6], [3], 4, [1], [1], [0], 2 },
        { [1, 3, 4, 2], [2, 2], 3, [3, 3], [0, 0], [0, 0], 1 },
        { [1, 4, 3, 4], [5, 3], 34, [2, 3], [2, 0], [1, 0], 2 },
        { [1, 3, 3, 2], [2, 5], 3, [1, 2], [0, 4], [0, 1], 1 },
    };

    [Theory]
    [MemberData(nameof(TransposedCases))]
    public void Transposed_convolution_and_its_gradients_equal_the_double_oracle(
        int[] x, int[] kernel, int o, int[] stride, int[] pad, int[] outputPad, int groups)
    {
        var weight = new Shape([.. kernel, x[^1], o / groups]);
        ConvSettings settings = ConvSettings.Of(stride, pad, outputPad, groups);
        ConvShape s = ConvShapes.Transposed(new Shape(x), weight, settings.ForRank(x.Length));
        new OpCheck { MaxPerturbed = 24 }.Run([new Shape(x), weight, new Shape(o)],
            v => ConvTranspose.Apply(v[0], v[1], v[2], settings), v => Oracle(s, v[0], v[1], v[2]));
    }

    /// <summary>x, O, padding, algorithm.</summary>
    public static TheoryData<int[], int, int, ConvAlgorithm> WinogradCases()
    {
        var cases = new TheoryData<int[], int, int, ConvAlgorithm>();
        foreach (ConvAlgorithm algorithm in (ConvAlgorithm[])[ConvAlgorithm.Winograd2, ConvAlgorithm.Winograd4])
        {
            cases.Add([2, 5, 6, 4], 6, 1, algorithm);
            cases.Add([1, 8, 12, 16], 16, 1, algorithm);
            cases.Add([1, 13, 9, 19], 37, 1, algorithm);
            cases.Add([1, 6, 3, 40], 5, 0, algorithm);
            cases.Add([1, 4, 5, 3], 2, 2, algorithm);
            cases.Add([1, 1, 1, 4], 3, 1, algorithm);
            cases.Add([1, 2, 7, 5, 3], 4, 1, algorithm);
            cases.Add([1, 30, 29, 2], 33, 1, algorithm);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(WinogradCases))]
    public void Winograd_and_its_gradients_equal_the_double_oracle(int[] x, int o, int pad, ConvAlgorithm algorithm)
    {
        int[] flat = x.Length == 5 ? [1, 3, 3] : [3, 3];
        var weight = new Shape([.. flat, x[^1], o]);
        ConvSettings settings = ConvSettings.Of([1, 1], x.Length == 5 ? [0, pad, pad] : [pad, pad]);
        ConvShape s = ConvShapes.Direct(new Shape(x), weight, settings.ForRank(x.Length));
        Assert.True(s.HasWinograd);
        new OpCheck { MaxPerturbed = 24 }.Run([new Shape(x), weight, new Shape(o)],
            v => Conv.Apply(v[0], v[1], v[2], settings, algorithm), v => Oracle(s, v[0], v[1], v[2]));
    }

    [Theory]
    [InlineData(ConvAlgorithm.Winograd2)]
    [InlineData(ConvAlgorithm.Winograd4)]
    public void Winograd_of_a_transposed_convolution_equals_the_double_oracle(ConvAlgorithm algorithm)
    {
        Shape x = new(2, 5, 6, 4), weight = new(3, 3, 4, 7);
        var settings = new ConvSettings(1, 1);
        ConvShape s = ConvShapes.Transposed(x, weight, settings.ForRank(4));
        Assert.True(s.HasWinograd);
        new OpCheck { MaxPerturbed = 24 }.Run([x, weight, new Shape(7)],
            v => ConvTranspose.Apply(v[0], v[1], v[2], settings, algorithm), v => Oracle(s, v[0], v[1], v[2]));
    }

    /// <summary>x, O, the algorithm that prediction takes and the one that training takes.</summary>
    public static TheoryData<int[], int, ConvAlgorithm, ConvAlgorithm> Chosen => new()
    {
        { [1, 32, 32, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Direct },
        { [1, 32, 29, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Direct },
        { [1, 32, 28, 16], 16, ConvAlgorithm.Winograd2, ConvAlgorithm.Direct },
        { [4, 16, 16, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Direct },
        { [1, 4, 16, 16, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Direct },
        { [1, 16, 16, 999], 16, ConvAlgorithm.Winograd2, ConvAlgorithm.Direct },
        { [1, 16, 15, 16], 16, ConvAlgorithm.Winograd2, ConvAlgorithm.Direct },
        { [1, 16, 14, 16], 16, ConvAlgorithm.Direct, ConvAlgorithm.Direct },
        { [1, 64, 64, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Winograd2 },
        { [1, 64, 62, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Direct },
        { [2, 64, 62, 16], 16, ConvAlgorithm.Winograd4, ConvAlgorithm.Winograd2 },
        { [9, 64, 64, 15], 16, ConvAlgorithm.Direct, ConvAlgorithm.Direct },
        { [9, 64, 64, 16], 15, ConvAlgorithm.Direct, ConvAlgorithm.Direct },
    };

    [Theory]
    [MemberData(nameof(Chosen))]
    public void Channels_and_tiles_choose_the_algorithm(
        int[] x, int o, ConvAlgorithm predicting, ConvAlgorithm training)
    {
        ConvShape s = ThreeByThree(x, o);
        Assert.Equal(predicting, ConvAlgorithms.Choose(s, false, null, null));
        Assert.Equal(training, ConvAlgorithms.Choose(s, true, null, null));
    }

    [Fact]
    public void What_is_asked_for_or_forced_precedes_the_shape_where_it_applies()
    {
        ConvShape small = ThreeByThree([1, 8, 8, 4], 4), strided = small with { Stride = new Extent3(1, 2, 2) };
        Assert.Equal(ConvAlgorithm.Winograd4, ConvAlgorithms.Choose(small, true, ConvAlgorithm.Winograd4, null));
        Assert.Equal(ConvAlgorithm.Winograd4, ConvAlgorithms.Choose(small, false, null, ConvAlgorithm.Winograd4));
        Assert.Equal(ConvAlgorithm.Winograd2, ConvAlgorithms.Choose(small, true, null, ConvAlgorithm.Winograd4));
        Assert.Equal(ConvAlgorithm.Direct,
            ConvAlgorithms.Choose(ThreeByThree([1, 64, 64, 16], 16), true, null, ConvAlgorithm.Direct));
        foreach (ConvShape other in new[] { strided, small with { Groups = 2 }, small with { Kernel = new(1, 5, 5) } })
            Assert.Equal(ConvAlgorithm.Direct,
                ConvAlgorithms.Choose(other, false, ConvAlgorithm.Winograd4, ConvAlgorithm.Winograd2));
    }

    static ConvShape ThreeByThree(int[] x, int o)
    {
        int[] taps = x.Length == 5 ? [1, 3, 3] : [3, 3];
        ConvSettings settings = ConvSettings.Of([1, 1], x.Length == 5 ? [0, 1, 1] : [1, 1]);
        return ConvShapes.Direct(new Shape(x), new Shape([.. taps, x[^1], o]), settings.ForRank(x.Length));
    }

    [Fact]
    public void The_forced_algorithm_is_read_from_a_name()
    {
        Assert.Null(ConvAlgorithms.Parse(" "));
        Assert.Equal(ConvAlgorithm.Winograd4, ConvAlgorithms.Parse(" Winograd4 "));
        Assert.Contains("KRAIT_CONV", Assert.Throws<ArgumentException>(() => ConvAlgorithms.Parse("fast")).Message);
    }

    [Theory]
    [InlineData(2, 40, 33, 5, 6)]
    [InlineData(1, 64, 64, 3, 2)]
    public void Weight_gradient_in_parts_equals_the_double_oracle(int batch, int height, int width, int i, int o)
    {
        var x = new Shape(batch, height, width, i);
        var weight = new Shape(3, 3, i, o);
        var settings = new ConvSettings(1, 1);
        ConvShape s = ConvShapes.Direct(x, weight, settings.ForRank(4));
        Assert.True(Krait.Engine.Devices.Device.ConvGradientParts(s) > 1);
        new OpCheck { MaxPerturbed = 5 }.Run(
            [x, weight], v => Conv.Apply(v[0], v[1], null, settings), v => Oracle(s, v[0], v[1], new double[o]));
    }

    [Fact]
    public void Multiply_adds_are_counted_by_the_published_rule()
    {
        var program = new Program(false);
        Value x = program.Input("x", new Shape(1, 8, 6, 4));
        Conv.Apply(x, program.Input("w", new Shape(3, 3, 2, 6)), null, new ConvSettings(2, 1, 2));
        Assert.Equal(4 * 3 * 6 * 2 * 9, program.Ops.Sum(op => op.Cost.Macs));
        ConvTranspose.Apply(x, program.Input("v", new Shape(2, 2, 4, 5)), null, new ConvSettings(2));
        Assert.Equal(4 * 3 * 6 * 2 * 9 + 8 * 6 * 4 * 5 * 4, program.Ops.Sum(op => op.Cost.Macs));
    }

    [Theory]
    [InlineData(new[] { 1, 8, 8, 4 }, new[] { 3, 3, 5, 6 }, 1)]
    [InlineData(new[] { 1, 8, 8, 4 }, new[] { 3, 4, 6 }, 1)]
    [InlineData(new[] { 1, 2, 2, 4 }, new[] { 3, 3, 4, 6 }, 1)]
    [InlineData(new[] { 1, 8, 8, 4 }, new[] { 3, 3, 2, 5 }, 2)]
    [InlineData(new[] { 8, 4 }, new[] { 4, 4 }, 1)]
    public void Wrong_shapes_are_refused(int[] x, int[] weight, int groups)
    {
        var program = new Program(false);
        Value input = program.Input("x", new Shape(x)), w = program.Input("w", new Shape(weight));
        ShapeException e = Assert.Throws<ShapeException>(
            () => Conv.Apply(input, w, null, new ConvSettings(1, 0, groups)));
        Assert.Contains(input.Shape.ToString(), e.Message);
    }

    /// <summary>Both sums as one loop over pairs of pixels and taps: o = i stride - pad + t, or the reverse.</summary>
    static double[] Oracle(ConvShape s, double[] x, double[] w, double[] bias)
    {
        var y = new double[s.Batch * s.Output.Count * s.OutputChannels];
        for (int e = 0; e < y.Length; e++)
            y[e] = bias[e % s.OutputChannels];
        (Extent3 strided, Extent3 other) = s.IsTransposed ? (s.Input, s.Output) : (s.Output, s.Input);
        for (int b = 0; b < s.Batch; b++)
            foreach ((int d, int h, int c) in Pixels(strided))
                foreach ((int td, int th, int tw) in Pixels(s.Kernel))
                {
                    int z = d * s.Stride.D - s.Pad.D + td, v = h * s.Stride.H - s.Pad.H + th;
                    int u = c * s.Stride.W - s.Pad.W + tw;
                    if (z < 0 || z >= other.D || v < 0 || v >= other.H || u < 0 || u >= other.W)
                        continue;
                    long p = ((b * strided.D + d) * strided.H + h) * strided.W + c;
                    long q = ((b * other.D + z) * other.H + v) * other.W + u;
                    long tap = (td * s.Kernel.H + th) * s.Kernel.W + tw;
                    (long from, long to) = s.IsTransposed ? (p, q) : (q, p);
                    Channels(s, x, from * s.InputChannels, w, tap, y, to * s.OutputChannels);
                }
        return y;
    }

    static void Channels(ConvShape s, double[] x, long from, double[] w, long tap, double[] y, long to)
    {
        for (int o = 0; o < s.OutputChannels; o++)
        {
            int group = o / s.GroupOutputs;
            for (int i = 0; i < s.GroupInputs; i++)
            {
                int input = group * s.GroupInputs + i;
                long at = s.IsTransposed
                    ? (tap * s.InputChannels + input) * s.GroupOutputs + o % s.GroupOutputs
                    : (tap * s.GroupInputs + i) * s.OutputChannels + o;
                y[to + o] += x[from + input] * w[at];
            }
        }
    }

    static IEnumerable<(int D, int H, int W)> Pixels(Extent3 e)
    {
        for (int d = 0; d < e.D; d++)
            for (int h = 0; h < e.H; h++)
                for (int w = 0; w < e.W; w++)
                    yield return (d, h, w);
    }
}
