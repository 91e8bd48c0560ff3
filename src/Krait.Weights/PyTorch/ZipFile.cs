using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Krait.Weights;

/// <summary>The entries of a zip archive (zip64 too), with the place of their bytes and checked checksums.</summary>
/// <remarks>
/// The framework's reader neither checks CRC-32 nor tells where an entry lies, which reading in place needs.
/// </remarks>
internal sealed class ZipFile
{
    const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    const uint EntrySignature = 0x02014b50, LocalSignature = 0x04034b50;
    const int EndBytes = 22, Locator64Bytes = 20, End64Bytes = 56, EntryBytes = 46, LocalBytes = 30;
    const int MaxDirectoryBytes = 64 << 20;
    const int Stored = 0, Deflated = 8, Encrypted = 1;

    // torch.save never compresses, so what is compressed was re-packed by hand and is small.
    const long MaxInflatedBytes = 1L << 30;

    sealed record Entry(string Name, int Flags, int Method, uint Crc, long Packed, long Size, long HeaderAt);

    readonly string file;
    readonly ByteSource bytes;
    readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    long packedRead;
    long inflated;

    public ZipFile(string file, ByteSource bytes)
    {
        this.file = file;
        this.bytes = bytes;
        var (at, length, count) = FindDirectory();
        ReadDirectory(at, length, count);
    }

    public IEnumerable<string> Names => entries.Keys;

    /// <summary>Length of an entry when unpacked, or null when there is none of that name.</summary>
    public long? SizeOf(string name) => entries.TryGetValue(name, out var entry) ? entry.Size : null;

    /// <summary>
    /// The bytes of an entry, read in place where they are not compressed. Its checksum is checked here.
    /// </summary>
    public ByteSource Open(string name)
    {
        var entry = entries[name];
        if ((entry.Flags & Encrypted) != 0)
            throw Damaged($"entry {name} is encrypted");
        // Entries of a sound archive do not share bytes; a hostile one could name the same bytes a million times.
        packedRead += entry.Packed;
        if (packedRead > bytes.Length)
            throw Damaged("entries overlap");
        var at = DataStart(entry);
        if (entry.Packed < 0 || at > bytes.Length - entry.Packed)
            throw Damaged($"entry {name} reaches beyond the end of the file");
        var packed = bytes.Slice(at, entry.Packed);
        ByteSource source = entry.Method switch
        {
            Stored when entry.Packed == entry.Size => packed,
            Stored => throw Damaged($"entry {name} is stored with two different lengths"),
            Deflated => OpenDeflated(entry, packed),
            _ => throw Damaged($"entry {name} uses compression method {entry.Method}"),
        };
        CheckCrc(entry, source);
        return source;
    }

    CachedSource OpenDeflated(Entry entry, ByteSource packed)
    {
        inflated += entry.Size;
        if (entry.Size < 0 || inflated > MaxInflatedBytes)
            throw new WeightsException($"read {file}: compressed entries may unpack to {MaxInflatedBytes} bytes; " +
                "this file unpacks to more. Unpack it and zip it again without compression.");
        return new CachedSource(entry.Size, () => Inflate(entry, packed));
    }

    byte[] Inflate(Entry entry, ByteSource packed)
    {
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(packed.ReadAll()), CompressionMode.Decompress);
            var data = new byte[entry.Size];
            inflate.ReadExactly(data);
            if (inflate.ReadByte() >= 0)
                throw Damaged($"entry {entry.Name} unpacks to more than the {entry.Size} bytes it claims");
            return data;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new WeightsException(Damaged($"entry {entry.Name} does not unpack").Message, e);
        }
    }

    void CheckCrc(Entry entry, ByteSource source)
    {
        var chunk = new byte[(int)Math.Min(1 << 18, Math.Max(source.Length, 1))];
        uint crc = 0;
        for (long done = 0; done < source.Length;)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, source.Length - done));
            source.Read(done, part);
            crc = Crc32.Update(crc, part);
            done += part.Length;
        }
        if (crc != entry.Crc)
            throw Damaged($"entry {entry.Name} has checksum {crc:x8}; the archive recorded {entry.Crc:x8}");
    }

    long DataStart(Entry entry)
    {
        var head = Bytes(entry.HeaderAt, LocalBytes, $"entry {entry.Name}");
        if (U32(head, 0) != LocalSignature || U16(head, 8) != entry.Method)
            throw Damaged($"entry {entry.Name} has no header where the directory says");
        return entry.HeaderAt + LocalBytes + U16(head, 26) + U16(head, 28);
    }

    (long At, long Length, long Count) FindDirectory()
    {
        var tailLength = (int)Math.Min(bytes.Length, EndBytes + ushort.MaxValue);
        var tail = Bytes(bytes.Length - tailLength, tailLength, "the end");
        for (var i = tailLength - EndBytes; i >= 0; i--)
        {
            if (U32(tail, i) != EndSignature || i + EndBytes + U16(tail, i + 20) != tailLength)
                continue;
            var end = bytes.Length - tailLength + i;
            if (end >= Locator64Bytes && Bytes(end - Locator64Bytes, Locator64Bytes, "the end") is var locator
                && U32(locator, 0) == Locator64Signature)
                return FindDirectory64(I64(locator, 8));
            return (U32(tail, i + 16), U32(tail, i + 12), U16(tail, i + 10));
        }
        throw Damaged("a zip archive ends with its directory, which is missing; the file was cut short");
    }

    (long At, long Length, long Count) FindDirectory64(long at)
    {
        var end = Bytes(at, End64Bytes, "the zip64 directory");
        if (U32(end, 0) != End64Signature)
            throw Damaged("the zip64 directory is not where the file says");
        return (I64(end, 48), I64(end, 40), I64(end, 32));
    }

    void ReadDirectory(long at, long length, long count)
    {
        if (length is < 0 or > MaxDirectoryBytes)
            throw Damaged($"the zip directory may have {MaxDirectoryBytes} bytes; it claims {length}");
        var directory = Bytes(at, (int)length, "the zip directory");
        var i = 0;
        for (long n = 0; n < count; n++)
        {
            if (i > directory.Length - EntryBytes || U32(directory, i) != EntrySignature)
                throw Damaged($"the zip directory claims {count} entries and ends after {n}");
            var (nameLength, extraLength) = (U16(directory, i + 28), U16(directory, i + 30));
            var next = i + EntryBytes + nameLength + extraLength + U16(directory, i + 32);
            if (next > directory.Length)
                throw Damaged("an entry of the zip directory is cut short");
            var name = Encoding.UTF8.GetString(directory, i + EntryBytes, nameLength);
            var (size, packed, header) = Sizes(name, directory.AsSpan(i, EntryBytes),
                directory.AsSpan(i + EntryBytes + nameLength, extraLength));
            var entry = new Entry(name, U16(directory, i + 8), U16(directory, i + 10), U32(directory, i + 16),
                packed, size, header);
            if (!entries.TryAdd(name, entry))
                throw Damaged($"two zip entries are called {name}");
            i = next;
        }
    }

    /// <summary>
    /// Sizes and place of an entry; values of 2^32 - 1 stand, in this order, in the zip64 extra field.
    /// </summary>
    (long Size, long Packed, long HeaderAt) Sizes(string name, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        ReadOnlySpan<byte> wide = [];
        while (extra.Length >= 4)
        {
            var length = U16(extra, 2);
            if (length > extra.Length - 4)
                break;
            if (U16(extra, 0) == 1)
                wide = extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        var size = Widen(name, U32(entry, 24), ref wide);
        var packed = Widen(name, U32(entry, 20), ref wide);
        return (size, packed, Widen(name, U32(entry, 42), ref wide));
    }

    long Widen(string name, uint value, ref ReadOnlySpan<byte> wide)
    {
        if (value != uint.MaxValue)
            return value;
        if (wide.Length < 8 || I64(wide, 0) < 0)
            throw Damaged($"entry {name} lacks its zip64 sizes");
        var result = I64(wide, 0);
        wide = wide[8..];
        return result;
    }

    byte[] Bytes(long at, int length, string what)
    {
        if (at < 0 || at > bytes.Length - length)
            throw Damaged($"{what} lies beyond the end of the file");
        var data = new byte[length];
        bytes.Read(at, data);
        return data;
    }

    static int U16(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt16LittleEndian(from[at..]);

    static uint U32(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt32LittleEndian(from[at..]);

    static long I64(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadInt64LittleEndian(from[at..]);

    WeightsException Damaged(string what) =>
        new($"read {file}: {what}. The file is damaged; download or save it again.");
}
