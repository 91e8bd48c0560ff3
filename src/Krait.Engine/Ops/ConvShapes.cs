namespace Krait.Engine.Ops;

/// <summary>Shape rules of convolutions.</summary>
static class ConvShapes
{
    public static ConvShape Direct(Shape x, Shape weight, ConvSettings s)
    {
        Extent3 kernel = Check("conv", x, weight, s);
        ShapeException.Require(
            weight.Dims[^2] * s.Groups == x.Width && weight.Width % s.Groups == 0, "conv",
            $"weight is [taps..., I / {s.Groups}, O] for x [..., I], O a multiple of the groups", x, weight);
        (int d, int h, int w) = x.Spatial;
        var input = new Extent3(d, h, w);
        Extent3 output = Map(a => (input[a] + 2 * s.Pad[a] - kernel[a] + s.Stride[a]) / s.Stride[a]);
        Require("conv", "the padded input holds the kernel", output, x, weight);
        return new(x.Batch, input, output, kernel, s.Stride, s.Pad, s.Groups, x.Width, weight.Width, false, false);
    }

    public static ConvShape Transposed(Shape x, Shape weight, ConvSettings s)
    {
        Extent3 kernel = Check("conv_transpose", x, weight, s);
        ShapeException.Require(
            weight.Dims[^2] == x.Width && x.Width % s.Groups == 0, "conv_transpose",
            "weight is [taps..., I, O / groups] for x [..., I], I a multiple of the groups", x, weight);
        (int d, int h, int w) = x.Spatial;
        var input = new Extent3(d, h, w);
        Extent3 output = Map(a => (input[a] - 1) * s.Stride[a] - 2 * s.Pad[a] + kernel[a] + s.OutputPad[a]);
        Require("conv_transpose", "the padding leaves pixels", output, x, weight);
        return new(
            x.Batch, input, output, kernel, s.Stride, s.Pad, s.Groups, x.Width, weight.Width * s.Groups, true, true);
    }

    static Extent3 Check(string op, Shape x, Shape weight, ConvSettings s)
    {
        ShapeException.Require(x.Rank is >= 3 and <= 5, op, "x is [B, spatial..., I] with 1 to 3 spatial axes", x);
        ShapeException.Require(
            weight.Rank == x.Rank, op, "the weight has a taps axis for each spatial axis of x", x, weight);
        ShapeException.Require(
            s.Groups > 0 && s.Stride is { D: > 0, H: > 0, W: > 0 } && s.Pad is { D: >= 0, H: >= 0, W: >= 0 }, op,
            "groups and strides are at least 1, padding at least 0", s);
        (int d, int h, int w) = weight.Rank switch
        {
            5 => (weight[0], weight[1], weight[2]),
            4 => (1, weight[0], weight[1]),
            _ => (1, 1, weight[0]),
        };
        return new(d, h, w);
    }

    static void Require(string op, string rule, Extent3 output, Shape x, Shape weight) =>
        ShapeException.Require(output is { D: > 0, H: > 0, W: > 0 }, op, rule, x, weight, output);

    static Extent3 Map(Func<int, int> axis) => new(axis(0), axis(1), axis(2));
}
