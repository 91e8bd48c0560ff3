using System.Buffers.Binary;
using System.Text;

namespace Krait.Weights;

/// <summary>Reads a pickle stream byte by byte from <paramref name="start"/> on, never past its bound.</summary>
internal sealed class PickleInput(string file, ByteSource source, long start = 0)
{
    /// <summary>Pickles of checkpoints have some 100 KiB; tensor data lies outside of them.</summary>
    public const long MaxBytes = 64L << 20;

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    readonly byte[] buffer = new byte[(int)Math.Min(1 << 15, Math.Max(source.Length - start, 1))];
    readonly long end = Math.Min(source.Length, start + MaxBytes);
    long position = start;
    int at;
    int filled;

    /// <summary>Where the next byte lies in the source.</summary>
    public long Position => position - filled + at;

    public byte Byte()
    {
        if (at == filled)
            Fill();
        return buffer[at++];
    }

    public int UInt16()
    {
        Span<byte> b = stackalloc byte[2];
        Bytes(b);
        return BinaryPrimitives.ReadUInt16LittleEndian(b);
    }

    public int Int32()
    {
        Span<byte> b = stackalloc byte[4];
        Bytes(b);
        return BinaryPrimitives.ReadInt32LittleEndian(b);
    }

    public uint UInt32() => (uint)Int32();

    public long Int64()
    {
        Span<byte> b = stackalloc byte[8];
        Bytes(b);
        return BinaryPrimitives.ReadInt64LittleEndian(b);
    }

    public double BigEndianDouble()
    {
        Span<byte> b = stackalloc byte[8];
        Bytes(b);
        return BinaryPrimitives.ReadDoubleBigEndian(b);
    }

    /// <summary>The next <paramref name="length"/> bytes; the length is checked before memory is taken.</summary>
    public byte[] Bytes(long length)
    {
        if (length < 0 || length > end - Position)
            throw EndsEarly();
        var bytes = new byte[length];
        Bytes(bytes.AsSpan());
        return bytes;
    }

    public string Text(long utf8Length)
    {
        var bytes = Bytes(utf8Length);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new WeightsException($"read {file}: text at byte {Position} is not UTF-8. The file is damaged; " +
                "download or save it again.", e);
        }
    }

    /// <summary>A string of Python 2: UTF-8 where it is valid, else Latin-1.</summary>
    public string OldText(long length)
    {
        var bytes = Bytes(length);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    /// <summary>ASCII up to the next line feed: the module and class names of a pickle.</summary>
    public string Line()
    {
        const int longest = 1024;
        var text = new StringBuilder();
        for (byte b; (b = Byte()) != '\n';)
        {
            if (text.Length == longest)
                throw new WeightsException($"read {file}: names have at most {longest} letters; one at byte " +
                    $"{Position} has more. The file is damaged; download or save it again.");
            text.Append((char)b);
        }
        return text.ToString();
    }

    void Bytes(Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (at == filled)
                Fill();
            var n = Math.Min(filled - at, destination.Length);
            buffer.AsSpan(at, n).CopyTo(destination);
            destination = destination[n..];
            at += n;
        }
    }

    void Fill()
    {
        var n = (int)Math.Min(buffer.Length, end - position);
        if (n <= 0)
            throw EndsEarly();
        source.Read(position, buffer.AsSpan(0, n));
        position += n;
        filled = n;
        at = 0;
    }

    WeightsException EndsEarly() => end < source.Length
        ? new($"read {file}: the pickle may have {MaxBytes} bytes; it has more. Save only model.state_dict().")
        : new($"read {file}: the pickle ends early, at byte {end}. The file was cut short or is damaged; " +
            "download or save it again.");
}
