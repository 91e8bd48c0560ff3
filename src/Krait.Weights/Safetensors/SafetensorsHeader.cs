using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace Krait.Weights;

/// <summary>
/// The JSON header: name to type, shape and byte range, which tile the data without holes or overlaps.
/// </summary>
internal sealed class SafetensorsHeader
{
    const int LengthBytes = 8;
    // The bound of the format itself.
    public const long MaxHeaderBytes = 100_000_000;
    const int MaxAxes = 64;
    const string MetadataKey = "__metadata__";

    public sealed record Entry(string Name, DType Type, ImmutableArray<long> Shape, long Begin, long End);

    public required IReadOnlyList<Entry> Entries { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required long DataStart { get; init; }

    public static SafetensorsHeader Read(string name, ByteSource file)
    {
        if (file.Length < LengthBytes)
            throw Damaged(name, $"a header length of 8 bytes comes first; the file has {file.Length} bytes");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxHeaderBytes || (long)length > file.Length - LengthBytes)
            throw Damaged(name, $"the header says it has {length} bytes; {file.Length - LengthBytes} follow and " +
                $"{MaxHeaderBytes} are allowed");
        var json = new byte[length];
        file.Read(LengthBytes, json);
        var dataStart = LengthBytes + (long)length;
        var (entries, metadata) = Parse(name, json);
        CheckRanges(name, entries, file.Length - dataStart);
        return new SafetensorsHeader { Entries = entries, Metadata = metadata, DataStart = dataStart };
    }

    static (List<Entry>, Dictionary<string, string>) Parse(string name, byte[] json)
    {
        var entries = new List<Entry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            Expect(name, ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                if (key == MetadataKey)
                    ReadMetadata(name, ref reader, metadata);
                else
                    entries.Add(ReadEntry(name, key, ref reader));
            }
            if (reader.TokenType != JsonTokenType.EndObject)
                throw Damaged(name, "the header is one JSON object; it does not end");
            // Blanks pad the header; anything else after the object is an error of the reader.
            while (reader.Read()) { }
        }
        catch (JsonException e)
        {
            throw new WeightsException(Damaged(name, $"the header is not JSON ({e.Message.TrimEnd('.')})").Message, e);
        }
        catch (InvalidOperationException e)
        {
            var what = $"the header holds bad text ({e.Message.TrimEnd('.')})";
            throw new WeightsException(Damaged(name, what).Message, e);
        }
        return (entries, metadata);
    }

    static void ReadMetadata(string name, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(name, ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            Expect(name, ref reader, JsonTokenType.String);
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Damaged(name, $"metadata keys are unique; {key} comes twice");
        }
    }

    static Entry ReadEntry(string file, string name, ref Utf8JsonReader reader)
    {
        DType? type = null;
        ImmutableArray<long>? shape = null, range = null;
        Expect(file, ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (reader.GetString())
            {
                case "dtype":
                    Expect(file, ref reader, JsonTokenType.String);
                    var text = reader.GetString()!;
                    type = DTypes.TryParse(text, out var known)
                        ? known
                        : throw new WeightsException($"read {file}: tensor {name} has element type {text}; Krait " +
                            $"reads {string.Join(", ", Enum.GetNames<DType>())}. Convert the tensor first.");
                    break;
                case "shape":
                    shape = ReadNumbers(file, name, ref reader);
                    break;
                case "data_offsets":
                    range = ReadNumbers(file, name, ref reader);
                    break;
                case var other:
                    throw Damaged(file, $"tensor {name} has the unknown field {other}");
            }
        }
        if (type is not { } t || shape is not { } s || range is not { Length: 2 } r)
            throw Damaged(file, $"tensor {name} needs dtype, shape and two data_offsets");
        var count = HostTensor.CountElements($"read {file}: tensor {name}", s);
        if (r[0] < 0 || r[1] < r[0] || r[1] - r[0] != count * t.Size())
            throw Damaged(file, $"tensor {name}: {t} {HostTensor.FormatShape(s.AsSpan())} needs {count * t.Size()} " +
                $"bytes; its offsets are {r[0]} to {r[1]}");
        return new Entry(name, t, s, r[0], r[1]);
    }

    static ImmutableArray<long> ReadNumbers(string file, string name, ref Utf8JsonReader reader)
    {
        Expect(file, ref reader, JsonTokenType.StartArray);
        var numbers = ImmutableArray.CreateBuilder<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number))
                throw Damaged(file, $"tensor {name}: shape and offsets are whole numbers");
            if (numbers.Count == MaxAxes)
                throw Damaged(file, $"tensor {name}: at most {MaxAxes} axes");
            numbers.Add(number);
        }
        return numbers.ToImmutable();
    }

    static void CheckRanges(string file, List<Entry> entries, long dataBytes)
    {
        long end = 0;
        foreach (var e in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (e.Begin != end)
                throw Damaged(file, $"tensor data follows without holes or overlaps; {e.Name} begins at byte " +
                    $"{e.Begin}, the one before ends at {end}");
            end = e.End;
        }
        if (end != dataBytes)
            throw Damaged(file, $"the header describes {end} bytes of data; the file has {dataBytes}");
    }

    public static byte[] Build(string file, IReadOnlyList<HostTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var stream = new MemoryStream();
        stream.Write(stackalloc byte[LengthBytes]);
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata)
                    writer.WriteString(key, value);
                writer.WriteEndObject();
            }
            long at = 0;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name) || tensor.Name == MetadataKey)
                    throw new WeightsException($"write {file}: names are unique; {tensor.Name} comes twice or is " +
                        "reserved. Rename one.");
                WriteEntry(writer, tensor, at);
                at += tensor.ByteCount;
            }
            writer.WriteEndObject();
        }
        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        if (stream.Length - LengthBytes > MaxHeaderBytes)
            throw new WeightsException($"write {file}: a header has at most {MaxHeaderBytes} bytes; this one has " +
                $"{stream.Length}. Shorten the metadata.");
        var bytes = stream.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - LengthBytes);
        return bytes;
    }

    static void WriteEntry(Utf8JsonWriter writer, HostTensor tensor, long begin)
    {
        writer.WriteStartObject(tensor.Name);
        writer.WriteString("dtype", tensor.DType.ToString());
        writer.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(begin);
        writer.WriteNumberValue(begin + tensor.ByteCount);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    static void Expect(string file, ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
            throw Damaged(file, $"the header needs {token} at byte {reader.TokenStartIndex}; got {reader.TokenType}");
    }

    static WeightsException Damaged(string file, string what) =>
        new($"read {file}: {what}. The file is damaged or no safetensors file; download or save it again.");
}
