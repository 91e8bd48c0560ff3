using Google.Protobuf;

namespace Krait.Onnx;

/// <summary>
/// A protocol-buffers message as the list of its fields. A message inside another is complete when it is added, so
/// every size is known before the first byte is written; bulk bytes are made only when they are written.
/// </summary>
/// <remarks>Wire format: https://protobuf.dev/programming-guides/encoding/.</remarks>
sealed class ProtoMessage
{
    readonly List<Action<CodedOutputStream>> _fields = [];

    /// <summary>Bytes of the message.</summary>
    /// <exception cref="ExportException">More than the 2 GiB that the format allows.</exception>
    public int Size { get; private set; }

    public ProtoMessage Add(int field, long number) => Append(field, CodedOutputStream.ComputeInt64Size(number), o =>
    {
        o.WriteTag(field, WireFormat.WireType.Varint);
        o.WriteInt64(number);
    });

    public ProtoMessage Add(int field, float number) => Append(field, sizeof(float), o =>
    {
        o.WriteTag(field, WireFormat.WireType.Fixed32);
        o.WriteFloat(number);
    });

    public ProtoMessage Add(int field, string text) => Append(field, CodedOutputStream.ComputeStringSize(text), o =>
    {
        o.WriteTag(field, WireFormat.WireType.LengthDelimited);
        o.WriteString(text);
    });

    public ProtoMessage Add(int field, ProtoMessage message) =>
        Append(field, CodedOutputStream.ComputeLengthSize(message.Size) + (long)message.Size, o =>
        {
            o.WriteTag(field, WireFormat.WireType.LengthDelimited);
            o.WriteLength(message.Size);
            message.WriteTo(o);
        });

    /// <summary>Bytes that are asked for while writing, and let go then.</summary>
    public ProtoMessage Add(int field, int length, Func<byte[]> bytes) =>
        Append(field, CodedOutputStream.ComputeLengthSize(length) + (long)length, o =>
        {
            o.WriteTag(field, WireFormat.WireType.LengthDelimited);
            o.WriteBytes(UnsafeByteOperations.UnsafeWrap(bytes()));
        });

    public void WriteTo(CodedOutputStream output)
    {
        foreach (Action<CodedOutputStream> write in _fields)
            write(output);
    }

    ProtoMessage Append(int field, long size, Action<CodedOutputStream> write)
    {
        long total = Size + CodedOutputStream.ComputeTagSize(field) + size;
        if (total > int.MaxValue)
            throw new ExportException("an ONNX file holds at most 2 GiB; this network is larger.");
        Size = (int)total;
        _fields.Add(write);
        return this;
    }
}
