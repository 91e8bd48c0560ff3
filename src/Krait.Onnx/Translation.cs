using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Onnx;

/// <summary>
/// Ops to nodes, one after another. A value [B, spatial..., C] of the program is [B, C, spatial...] in the graph;
/// weights keep the order of the checkpoint, which is ONNX's own.
/// </summary>
sealed partial class Translation(OnnxGraph graph)
{
    readonly Dictionary<Value, string> _names = [];
    Op? _op;

    /// <summary>Translates what the logits need.</summary>
    public OnnxReport Run(Program program, Value image, Value logits)
    {
        HashSet<Op> needed = Needed(logits);
        _op = program.Ops.FirstOrDefault(op => needed.Contains(op) && op is Ss2d or SelectiveScan);
        if (_op is not null)
            throw Unsupported("a scan has no translation yet");
        _names[image] = graph.Input("image", Dims(image.Shape));
        int count = 0;
        foreach (Op op in program.Ops.Where(needed.Contains))
        {
            (_op, graph.Layer) = (op, op.Path);
            _names[op.Outputs[0]] = Translate(op);
            count++;
        }
        graph.Layer = "";
        graph.Node("Identity", [Name(logits)], graph.Output("logits", Dims(logits.Shape)));
        return new OnnxReport(count, Dims(image.Shape), Dims(logits.Shape));
    }

    /// <summary>Ops that a value comes from. Weights are read as they are, so nothing behind them is needed.</summary>
    static HashSet<Op> Needed(Value logits)
    {
        var needed = new HashSet<Op>();
        var open = new Stack<Value>([logits]);
        while (open.TryPop(out Value? value))
        {
            if (value.Producer is not { } op || ParameterOf(value) is not null || !needed.Add(op))
                continue;
            foreach (Value? input in op.Inputs)
                if (input is not null && !IsPacked(input))
                    open.Push(input);
        }
        return needed;
    }

    /// <summary>The order in which our own kernels read a weight; the weight itself stands beside it.</summary>
    static bool IsPacked(Value value) => value.Producer is PackConv or PackPanels;

    /// <summary>The name of the first output.</summary>
    string Translate(Op op) => op switch
    {
        Conv conv => Convolution(conv),
        DepthwiseConv conv => Depthwise(conv),
        MatMul product => Product(product),
        GroupNorm norm => Norm(norm),
        BatchNorm norm => Norm(norm),
        LayerNorm norm => Norm(norm),
        Activate activate => Activated(Name(op.Inputs[0]), activate.Function),
        Affine affine => Scaled(Name(op.Inputs[0]), affine.Numbers),
        Add => graph.Node("Add", [Name(op.Inputs[0]), Name(op.Inputs[1])]),
        Binary binary => Combined(binary),
        Concat => graph.Node("Concat", [.. op.Inputs.Select(Name)], OnnxAttribute.Of("axis", 1)),
        SliceChannels slice => Channels(slice),
        Copy => graph.Node("Identity", [Name(op.Inputs[0])]),
        Pool pool => Pooled(pool),
        Interpolate resize => Resized(resize),
        Reduce reduce => Reduced(reduce),
        RowMax => graph.Node("ReduceMax", [Name(op.Inputs[0]), graph.Whole(1)], OnnxAttribute.Of("keepdims", 1)),
        Softmax => graph.Node("Softmax", [Name(op.Inputs[0])], OnnxAttribute.Of("axis", 1)),
        Window window => Moved(window),
        _ => throw Unsupported("it has no translation yet"),
    };

    /// <summary>A value of the graph.</summary>
    string Name(Value? value)
    {
        if (value is not null && _names.TryGetValue(value, out string? name))
            return name;
        throw Unsupported($"an operand is {value}, which is no activation");
    }

    /// <summary>A weight under dimensions of its checkpoint's order; an empty name where there is none.</summary>
    string Weight(Value? value, params long[] dims)
    {
        if (value is null)
            return "";
        Parameter parameter = ParameterOf(value) ?? throw Unsupported("a weight is computed from others");
        // Axes of extent 1 come and go; others only where the checkpoint's order is the program's own.
        static IEnumerable<long> Long(IEnumerable<long> extents) => extents.Where(n => n != 1);
        bool fits = Long(dims).SequenceEqual(Long(parameter.CheckpointShape.Dims.Select(n => (long)n)));
        if (!fits && (!parameter.Permutation.IsEmpty || dims.Aggregate((a, b) => a * b) != parameter.Shape.Count))
            throw Unsupported($"{parameter} stands for [{string.Join(", ", dims)}]");
        return graph.Tensor(parameter, dims);
    }

    /// <summary>The parameter that a value shows, as it is or under another shape.</summary>
    static Parameter? ParameterOf(Value value)
    {
        while (value.Producer is Reshape)
            value = value.Producer.Inputs[0]!;
        return value.Source == ValueSource.Parameter ? value.Parameter : null;
    }

    ExportException Unsupported(string why) => new(
        $"{_op!.Path}: {_op.Name} cannot be written as ONNX: {why}. "
        + "Networks of convolutions alone can, such as nnunet, nnunet-resenc and unet.");

    /// <summary>[B, C, spatial...] of a value [B, spatial..., C].</summary>
    static long[] Dims(Shape shape) => shape.Rank < 3
        ? [.. shape.Dims.Select(n => (long)n)]
        : [shape.Batch, shape.Width, .. shape.Dims[1..^1].Select(n => (long)n)];

    /// <summary>The last of depth, height and width, as many as a value has spatial axes.</summary>
    static IEnumerable<T> Axes<T>(Shape shape, IEnumerable<T> all) => all.Skip(5 - shape.Rank);

    static IEnumerable<long> Axes(Shape shape, Extent3 e) => Axes<long>(shape, [e.D, e.H, e.W]);
}
