using Google.Protobuf;

namespace Krait.Cli.Tests;

/// <summary>A node of a written graph.</summary>
sealed record OnnxNode(string Type, string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);

/// <summary>A tensor of a written graph.</summary>
sealed record OnnxTensor(string Name, IReadOnlyList<long> Dims, byte[] Data);

/// <summary>What an ONNX file says, read back field by field.</summary>
sealed class OnnxGraphReader
{
    public long IrVersion { get; private set; }
    public long Opset { get; private set; }
    public Dictionary<string, string> Notes { get; } = [];
    public List<OnnxNode> Nodes { get; } = [];
    public List<OnnxTensor> Tensors { get; } = [];
    public List<string> Inputs { get; } = [];
    public List<string> Outputs { get; } = [];

    public static OnnxGraphReader Of(string path)
    {
        var read = new OnnxGraphReader();
        Dictionary<int, List<object>> model = Fields(File.ReadAllBytes(path));
        read.IrVersion = (long)model[1].Single();
        read.Opset = (long)Fields(model[8].Single())[2].Single();
        foreach (object note in model.GetValueOrDefault(14) ?? [])
            read.Notes.Add(Text(Fields(note)[1].Single()), Text(Fields(note)[2].Single()));
        Dictionary<int, List<object>> graph = Fields(model[7].Single());
        foreach (object node in graph[1])
            read.Nodes.Add(Node(Fields(node)));
        foreach (object tensor in graph[5])
            read.Tensors.Add(Tensor(Fields(tensor)));
        read.Inputs.AddRange(graph[11].Select(v => Text(Fields(v)[1].Single())));
        read.Outputs.AddRange(graph[12].Select(v => Text(Fields(v)[1].Single())));
        return read;
    }

    static OnnxNode Node(Dictionary<int, List<object>> fields) => new(Text(fields[4].Single()),
        Text(fields[3].Single()), [.. fields[1].Select(Text)], [.. fields[2].Select(Text)]);

    static OnnxTensor Tensor(Dictionary<int, List<object>> fields) => new(Text(fields[8].Single()),
        [.. fields[1].Cast<long>()], (byte[])fields[9].Single());

    static Dictionary<int, List<object>> Fields(object message)
    {
        var fields = new Dictionary<int, List<object>>();
        var input = new CodedInputStream((byte[])message);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            if (!fields.ContainsKey(field))
                fields.Add(field, []);
            fields[field].Add(WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadInt64(),
                WireFormat.WireType.Fixed32 => input.ReadFloat(),
                _ => input.ReadBytes().ToByteArray(),
            });
        }
        return fields;
    }

    static string Text(object bytes) => System.Text.Encoding.UTF8.GetString((byte[])bytes);
}
