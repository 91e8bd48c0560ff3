using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Onnx;

/// <summary>Layers with weights.</summary>
sealed partial class Translation
{
    string Convolution(Conv op)
    {
        ConvShape s = op.Geometry;
        Shape x = op.Inputs[0]!.Shape;
        string weight = s.IsTransposed
            ? Weight(op.Inputs[2], [s.InputChannels, s.GroupOutputs, .. Axes(x, s.Kernel)])
            : Weight(op.Inputs[2], [s.OutputChannels, s.GroupInputs, .. Axes(x, s.Kernel)]);
        string[] inputs = Trimmed(Name(op.Inputs[0]), weight, Weight(op.Inputs[3], s.OutputChannels));
        long[] before = [.. Axes(x, s.Pad)];
        if (!s.IsTransposed)
            return graph.Node("Conv", inputs, Kernel(x, s.Kernel), OnnxAttribute.Of("strides", Axes(x, s.Stride)),
                OnnxAttribute.Of("pads", [.. before, .. Axes(x, Behind(s))]), OnnxAttribute.Of("group", s.Groups));
        Extent3 outputPad = Map(a =>
            s.Output[a] - (((s.Input[a] - 1) * s.Stride[a]) - (2 * s.Pad[a]) + s.Kernel[a]));
        return graph.Node("ConvTranspose", inputs, Kernel(x, s.Kernel), OnnxAttribute.Of("strides", Axes(x, s.Stride)),
            OnnxAttribute.Of("pads", [.. before, .. before]), OnnxAttribute.Of("group", s.Groups),
            OnnxAttribute.Of("output_padding", Axes(x, outputPad)));
    }

    string Depthwise(DepthwiseConv op)
    {
        DepthwiseShape s = op.Geometry;
        Shape x = op.Inputs[0]!.Shape;
        Extent3 behind = Map(a => s.Output[a] + s.Kernel[a] - 1 - s.Input[a] - s.Pad[a]);
        string y = graph.Node("Conv", Trimmed(Name(op.Inputs[0]), Weight(op.Inputs[1],
                [s.Channels, 1, .. Axes(x, s.Kernel)]), Weight(op.Inputs[2], s.Channels)), Kernel(x, s.Kernel),
            OnnxAttribute.Of("pads", [.. Axes(x, s.Pad), .. Axes(x, behind)]), OnnxAttribute.Of("group", s.Channels));
        return Activated(y, (op.Activation, 0));
    }

    /// <summary>A product over the channels is a convolution with one tap.</summary>
    string Product(MatMul op)
    {
        Shape x = op.Inputs[0]!.Shape;
        int n = op.Outputs[0].Shape.Width;
        if (x.Rank < 3)
            throw Unsupported($"its operand {x} has no positions");
        string weight = Weight(op.Inputs[2], [n, x.Width, .. Axes(x, new Extent3(1, 1, 1))]);
        string y = graph.Node("Conv", Trimmed(Name(op.Inputs[0]), weight, Weight(op.Inputs[3], n)),
            Kernel(x, new Extent3(1, 1, 1)));
        y = Activated(y, (op.Activation, 0));
        return op.Inputs[4] is { } addend ? graph.Node("Add", [y, Name(addend)]) : y;
    }

    string Norm(GroupNorm op)
    {
        int width = op.Inputs[0]!.Shape.Width;
        string[] inputs = [Name(op.Inputs[0]), Factor(op.Inputs[1], width, 1), Factor(op.Inputs[2], width, 0)];
        OnnxAttribute eps = OnnxAttribute.Of("epsilon", op.Eps);
        string y = op.Groups == width
            ? graph.Node("InstanceNormalization", inputs, eps)
            : graph.Node("GroupNormalization", inputs, eps, OnnxAttribute.Of("num_groups", op.Groups));
        return Activated(y, op.Function);
    }

    string Norm(BatchNorm op)
    {
        int width = op.Inputs[0]!.Shape.Width;
        string y = graph.Node("BatchNormalization", [Name(op.Inputs[0]), Factor(op.Inputs[1], width, 1),
            Factor(op.Inputs[2], width, 0), Weight(op.Inputs[3], width), Weight(op.Inputs[4], width)],
            OnnxAttribute.Of("epsilon", op.Eps));
        return Activated(y, op.Function);
    }

    /// <summary>ONNX normalises last axes, so the channels become the last one for a moment.</summary>
    string Norm(LayerNorm op)
    {
        Shape x = op.Inputs[0]!.Shape;
        if (x.Rank < 3)
            throw Unsupported($"its operand {x} has no positions");
        long last = x.Rank - 1;
        IEnumerable<long> spatial = Enumerable.Range(1, x.Rank - 2).Select(a => (long)a);
        string y = graph.Node("Transpose", [Name(op.Inputs[0])],
            OnnxAttribute.Of("perm", [0, .. spatial.Select(a => a + 1), 1]));
        y = graph.Node("LayerNormalization", [y, Factor(op.Inputs[1], x.Width, 1), Factor(op.Inputs[2], x.Width, 0)],
            OnnxAttribute.Of("axis", -1), OnnxAttribute.Of("epsilon", op.Eps));
        y = graph.Node("Transpose", [y], OnnxAttribute.Of("perm", [0, last, .. spatial]));
        return op.Inputs[3] is not { } gate ? y
            : graph.Node("Mul", [y, Activated(Name(gate), (Activation.Silu, 0))]);
    }

    /// <summary>A norm's weight or bias; the number that stands for a missing one.</summary>
    string Factor(Value? value, int width, float missing) =>
        value is null ? graph.Numbers([.. Enumerable.Repeat(missing, width)]) : Weight(value, width);

    static OnnxAttribute Kernel(Shape x, Extent3 kernel) => OnnxAttribute.Of("kernel_shape", Axes(x, kernel));

    /// <summary>Zeros behind the last pixel that a window reaches.</summary>
    static Extent3 Behind(ConvShape s) => Map(a =>
        Math.Max(0, ((s.Output[a] - 1) * s.Stride[a]) + s.Kernel[a] - s.Input[a] - s.Pad[a]));

    static Extent3 Map(Func<int, int> axis) => new(axis(0), axis(1), axis(2));

    /// <summary>Without a missing last input.</summary>
    static string[] Trimmed(params string[] inputs) => inputs[^1].Length == 0 ? inputs[..^1] : inputs;
}
