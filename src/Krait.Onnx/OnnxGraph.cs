using System.Globalization;
using System.Runtime.InteropServices;
using Krait.Engine.Programs;

namespace Krait.Onnx;

/// <summary>A graph of ONNX in the making: nodes in order, and the tensors that they read.</summary>
/// <remarks>Field numbers are those of onnx.proto3: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.</remarks>
sealed class OnnxGraph(ParameterStore store)
{
    const long Float = 1, Int64 = 7;

    readonly List<ProtoMessage> _nodes = [];
    readonly List<ProtoMessage> _tensors = [];
    readonly List<ProtoMessage> _inputs = [];
    readonly List<ProtoMessage> _outputs = [];
    readonly HashSet<string> _names = [];

    /// <summary>Path of the layer that is translated; nodes and values are named after it.</summary>
    public string Layer { get; set; } = "";

    /// <summary>Appends a node and returns the name of its output.
    /// An empty input name stands for a missing one.</summary>
    public string Node(string type, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes) =>
        Node(type, inputs, Fresh(type), attributes);

    /// <summary>As above with an output of a given name.</summary>
    public string Node(string type, string[] inputs, string output, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        var node = new ProtoMessage();
        foreach (string input in inputs)
            node.Add(1, input);
        node.Add(2, output).Add(3, output).Add(4, type);
        foreach (OnnxAttribute attribute in attributes)
            node.Add(5, attribute.Message);
        _nodes.Add(node);
        return output;
    }

    /// <summary>The parameter's numbers in checkpoint order under these dimensions.</summary>
    public string Tensor(Parameter parameter, params long[] dims)
    {
        // One parameter may be seen under several shapes; the first keeps the published name.
        string name = parameter.Name + (_names.Contains(parameter.Name) ? "/" + string.Join('x', dims) : "");
        if (!_names.Add(name))
            return name;
        return AddTensor(name, Float, dims, checked((int)parameter.Shape.Count * sizeof(float)),
            () => MemoryMarshal.AsBytes<float>(store.Save(parameter)).ToArray());
    }

    public string Numbers(params float[] numbers) => AddTensor(Fresh("numbers"), Float, [numbers.Length],
        numbers.Length * sizeof(float), () => MemoryMarshal.AsBytes<float>(numbers).ToArray());

    public string Whole(params long[] numbers) => AddTensor(Fresh("whole"), Int64, [numbers.Length],
        numbers.Length * sizeof(long), () => MemoryMarshal.AsBytes<long>(numbers).ToArray());

    public string Input(string name, long[] dims) => Boundary(_inputs, name, dims);

    public string Output(string name, long[] dims) => Boundary(_outputs, name, dims);

    /// <summary>GraphProto.</summary>
    public ProtoMessage ToMessage(string name)
    {
        var graph = new ProtoMessage();
        foreach (ProtoMessage node in _nodes)
            graph.Add(1, node);
        graph.Add(2, name);
        foreach (ProtoMessage tensor in _tensors)
            graph.Add(5, tensor);
        foreach (ProtoMessage input in _inputs)
            graph.Add(11, input);
        foreach (ProtoMessage output in _outputs)
            graph.Add(12, output);
        return graph;
    }

    /// <summary>TensorProto with raw little-endian data.</summary>
    string AddTensor(string name, long type, long[] dims, int length, Func<byte[]> bytes)
    {
        var tensor = new ProtoMessage();
        foreach (long extent in dims)
            tensor.Add(1, extent);
        _tensors.Add(tensor.Add(2, type).Add(8, name).Add(9, length, bytes));
        return name;
    }

    /// <summary>ValueInfoProto of float32.</summary>
    string Boundary(List<ProtoMessage> list, string name, long[] dims)
    {
        _names.Add(name);
        var shape = new ProtoMessage();
        foreach (long extent in dims)
            shape.Add(1, new ProtoMessage().Add(1, extent));
        ProtoMessage tensor = new ProtoMessage().Add(1, Float).Add(2, shape);
        list.Add(new ProtoMessage().Add(1, name).Add(2, new ProtoMessage().Add(1, tensor)));
        return name;
    }

    string Fresh(string type)
    {
        string name = $"{Layer}/{type}";
        for (int i = 2; !_names.Add(name); i++)
            name = string.Create(CultureInfo.InvariantCulture, $"{Layer}/{type}_{i}");
        return name;
    }
}

/// <summary>A setting of a node: AttributeProto.</summary>
readonly struct OnnxAttribute
{
    const int Type = 20;

    OnnxAttribute(ProtoMessage message) => Message = message;

    public ProtoMessage Message { get; }

    public static OnnxAttribute Of(string name, float number) => new(Named(name).Add(2, number).Add(Type, 1L));

    public static OnnxAttribute Of(string name, long number) => new(Named(name).Add(3, number).Add(Type, 2L));

    public static OnnxAttribute Of(string name, string text) => new(Named(name).Add(4, text).Add(Type, 3L));

    public static OnnxAttribute Of(string name, IEnumerable<long> numbers)
    {
        ProtoMessage message = Named(name);
        foreach (long number in numbers)
            message.Add(8, number);
        return new OnnxAttribute(message.Add(Type, 7L));
    }

    static ProtoMessage Named(string name) => new ProtoMessage().Add(1, name);
}
