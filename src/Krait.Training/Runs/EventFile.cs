using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace Krait.Training.Runs;

/// <summary>
/// A TensorBoard event file: records of length (u64), masked CRC-32C of the length, event, masked CRC-32C of the event.
/// Scalars only.
/// </summary>
/// <remarks>
/// Fields of tensorflow.Event: 1 wall_time (double), 2 step (int64), 3 file_version, 5 summary; of Summary: 1 value;
/// of Summary.Value: 1 tag, 2 simple_value (float).
/// </remarks>
public sealed class EventFile : IDisposable
{
    private readonly FileStream stream;

    private EventFile(FileStream stream) => this.stream = stream;

    /// <summary>Starts a file, or goes on with one after cutting what lies beyond a step.</summary>
    /// <param name="path">events.out.tfevents.*</param>
    /// <param name="lastStep">Events of later steps are cut off (resume); null starts anew.</param>
    public static EventFile Open(string path, long? lastStep)
    {
        if (lastStep is { } last && File.Exists(path))
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            stream.SetLength(LengthUpTo(stream, last));
            stream.Seek(0, SeekOrigin.End);
            if (stream.Length > 0) return new EventFile(stream);
            stream.Dispose();
        }
        var file = new EventFile(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read));
        file.Append(WriteEvent(0, 0, output =>
        {
            output.WriteTag(3, WireFormat.WireType.LengthDelimited);
            output.WriteString("brain.Event:2");
        }));
        return file;
    }

    /// <summary>Adds scalars of a step.</summary>
    /// <param name="step">Epoch or training step, the x axis.</param>
    /// <param name="unixSeconds">Wall time, seconds since 1970.</param>
    /// <param name="scalars">Tags such as "loss/train" with their values.</param>
    public void Add(long step, double unixSeconds, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        byte[] summary = Bytes(output =>
        {
            foreach (var (tag, value) in scalars)
            {
                output.WriteTag(1, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(Bytes(v =>
                {
                    v.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    v.WriteString(tag);
                    v.WriteTag(2, WireFormat.WireType.Fixed32);
                    v.WriteFloat((float)value);
                })));
            }
        });
        Append(WriteEvent(unixSeconds, step, output =>
        {
            output.WriteTag(5, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(summary));
        }));
    }

    public void Flush() => stream.Flush();

    public void Dispose() => stream.Dispose();

    /// <summary>CRC-32C, rotated and offset as the record format asks.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32C(data);
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }

    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static byte[] WriteEvent(double wallTime, long step, Action<CodedOutputStream> body) => Bytes(output =>
    {
        output.WriteTag(1, WireFormat.WireType.Fixed64);
        output.WriteDouble(wallTime);
        if (step != 0)
        {
            output.WriteTag(2, WireFormat.WireType.Varint);
            output.WriteInt64(step);
        }
        body(output);
    });

    private static byte[] Bytes(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using (var output = new CodedOutputStream(memory, leaveOpen: true)) write(output);
        return memory.ToArray();
    }

    private void Append(byte[] record)
    {
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedCrc(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, MaskedCrc(record));
        stream.Write(head);
        stream.Write(record);
        stream.Write(tail);
    }

    /// <summary>Bytes of the leading sound records whose step is at most <paramref name="lastStep"/>.</summary>
    private static long LengthUpTo(FileStream stream, long lastStep)
    {
        var head = new byte[12];
        long good = 0;
        stream.Position = 0;
        while (stream.ReadAtLeast(head, 12, throwOnEndOfStream: false) == 12)
        {
            long length = BinaryPrimitives.ReadInt64LittleEndian(head);
            if (MaskedCrc(head.AsSpan(0, 8)) != BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(8)) || length < 0 ||
                length > stream.Length - stream.Position - 4) break;
            var record = new byte[length + 4];
            stream.ReadExactly(record);
            if (StepOf(record.AsSpan(0, (int)length).ToArray()) > lastStep) break;
            good = stream.Position;
        }
        return good;
    }

    private static long StepOf(byte[] record)
    {
        var input = new CodedInputStream(record);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            if (WireFormat.GetTagFieldNumber(tag) == 2) return input.ReadInt64();
            input.SkipLastField();
        }
        return 0;
    }
}
