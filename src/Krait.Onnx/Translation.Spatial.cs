using Krait.Engine;
using Krait.Engine.Kernels;
using Krait.Engine.Ops;
using Window = Krait.Engine.Ops.Window;

namespace Krait.Onnx;

/// <summary>What moves, pools and resizes.</summary>
sealed partial class Translation
{
    string Channels(SliceChannels op)
    {
        int width = op.Outputs[0].Shape.Width;
        return graph.Node("Slice",
            [Name(op.Inputs[0]), graph.Whole(op.First), graph.Whole(op.First + width), graph.Whole(1)]);
    }

    string Pooled(Pool op)
    {
        PoolAxis[] axes = [.. Axes(op.Inputs[0]!.Shape, op.Axes).Select(Sliding)];
        OnnxAttribute kernel = OnnxAttribute.Of("kernel_shape", axes.Select(a => (long)a.Kernel));
        OnnxAttribute strides = OnnxAttribute.Of("strides", axes.Select(a => (long)a.Stride));
        OnnxAttribute pads = OnnxAttribute.Of("pads", [.. axes.Select(a => (long)a.Padding), .. axes.Select(Behind)]);
        string x = Name(op.Inputs[0]);
        if (op.Kind == PoolKind.Max)
            return graph.Node("MaxPool", [x], kernel, strides, pads,
            OnnxAttribute.Of("dilations", axes.Select(a => (long)a.Dilation)));
        if (axes.Any(a => Behind(a) > a.Padding))
            throw Unsupported("an average over windows that end beyond the padding");
        return graph.Node("AveragePool", [x], kernel, strides, pads, OnnxAttribute.Of("count_include_pad", 1));
    }

    /// <summary>Windows that share an axis out evenly slide when they all are of one length.</summary>
    PoolAxis Sliding(PoolAxis axis)
    {
        if (axis.Kernel != 0)
            return axis;
        if (axis.Input % axis.Output != 0)
            throw Unsupported($"{axis.Output} windows do not share {axis.Input} positions out evenly");
        int length = axis.Input / axis.Output;
        return axis with { Kernel = length, Stride = length };
    }

    static long Behind(PoolAxis a) =>
        Math.Max(0, ((a.Output - 1) * a.Stride) + ((a.Kernel - 1) * a.Dilation) + 1 - a.Input - a.Padding);

    string Resized(Interpolate op)
    {
        InterpolateAxis[] axes = [.. Axes(op.Inputs[0]!.Shape, op.Axes)];
        bool isNearest = axes[0].IsNearest, corners = axes[0].AlignCorners;
        if (axes.Any(a => a != InterpolateAxis.Of(a.Input, a.Output, isNearest, corners)))
            throw Unsupported("its factor is not the ratio of the extents");
        return graph.Node("Resize", [Name(op.Inputs[0]), "", "", graph.Whole(Dims(op.Outputs[0].Shape))],
            OnnxAttribute.Of("mode", isNearest ? "nearest" : "linear"),
            OnnxAttribute.Of("nearest_mode", "floor"), OnnxAttribute.Of("coordinate_transformation_mode",
                isNearest ? "asymmetric" : corners ? "align_corners" : "half_pixel"));
    }

    /// <summary>Crops what lies outside the window, then adds what the window has beyond the value.</summary>
    string Moved(Window op)
    {
        Shape shape = op.Inputs[0]!.Shape;
        long[] from = Dims(shape)[2..], to = Dims(op.Outputs[0].Shape)[2..];
        long[] begin = [.. Axes<long>(shape, [op.Begin.D, op.Begin.H, op.Begin.W])];
        long[] first = [.. begin.Select(b => Math.Max(0, b))];
        long[] end = [.. begin.Select((b, i) => Math.Min(from[i], b + to[i]))];
        string y = Name(op.Inputs[0]);
        if (first.Any(b => b > 0) || end.Where((e, i) => e < from[i]).Any())
            y = graph.Node("Slice", [y, graph.Whole(first), graph.Whole(end),
                graph.Whole([.. Enumerable.Range(2, begin.Length).Select(a => (long)a)])]);
        long[] before = [.. begin.Select(b => Math.Max(0, -b))];
        long[] behind = [.. begin.Select((b, i) => Math.Max(0, b + to[i] - from[i]))];
        return before.Concat(behind).All(n => n == 0) ? y
            : graph.Node("Pad", [y, graph.Whole([0, 0, .. before, 0, 0, .. behind])]);
    }
}
