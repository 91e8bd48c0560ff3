using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Onnx;

/// <summary>Functions of single elements, and reductions.</summary>
sealed partial class Translation
{
    string Activated(string x, (Activation Kind, float Slope) f) => f.Kind switch
    {
        Activation.None => x,
        Activation.Relu => graph.Node("Relu", [x]),
        Activation.LeakyRelu => graph.Node("LeakyRelu", [x], OnnxAttribute.Of("alpha", f.Slope)),
        Activation.Gelu => graph.Node("Gelu", [x]),
        Activation.Silu => graph.Node("Mul", [x, graph.Node("Sigmoid", [x])]),
        Activation.Sigmoid => graph.Node("Sigmoid", [x]),
        Activation.Tanh => graph.Node("Tanh", [x]),
        Activation.Softplus => graph.Node("Softplus", [x]),
        Activation.Exp => graph.Node("Exp", [x]),
        _ => throw Unsupported($"{f.Kind} has no translation yet"),
    };

    string Scaled(string x, (float Scale, float Shift) numbers)
    {
        if (numbers.Scale != 1)
            x = graph.Node("Mul", [x, graph.Numbers(numbers.Scale)]);
        return numbers.Shift == 0 ? x : graph.Node("Add", [x, graph.Numbers(numbers.Shift)]);
    }

    string Combined(Binary op)
    {
        Value a = op.Inputs[0]!, b = op.Inputs[1]!;
        // [C] meets the channels, which are the second axis here; values of equal rank broadcast as they are.
        string second = ParameterOf(b) is null && b.Shape.Rank == a.Shape.Rank
            ? Name(b)
            : Weight(b, [b.Shape.Count, .. Enumerable.Repeat(1L, a.Shape.Rank - 2)]);
        return graph.Node(op.Kind.ToString(), [Name(a), second]);
    }

    string Reduced(Reduce op)
    {
        Shape x = op.Inputs[0]!.Shape, y = op.Outputs[0].Shape;
        if (op.Inputs[1] is not null || x.Rank != y.Rank)
            throw Unsupported("it sums a product, or over axes that vanish");
        long[] from = Dims(x), to = Dims(y);
        long[] axes = [.. Enumerable.Range(0, from.Length).Where(i => from[i] != to[i]).Select(i => (long)i)];
        string sum = graph.Node("ReduceSum", [Name(op.Inputs[0]), graph.Whole(axes)], OnnxAttribute.Of("keepdims", 1));
        return Scaled(sum, (op.Scale, 0));
    }
}
