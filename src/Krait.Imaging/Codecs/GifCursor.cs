using System.Buffers.Binary;

namespace Krait.Imaging.Codecs;

/// <summary>Reads a GIF from front to back and refuses to run over its end.</summary>
internal ref struct GifCursor(string name, ReadOnlySpan<byte> file, int start)
{
    private readonly ReadOnlySpan<byte> file = file;
    private int at = start;

    public static ImageFormatException Damaged(string name, string what) =>
        new($"{name}: not a sound GIF file: {what}. Write or download it again.");

    public byte Byte() => Take(1)[0];

    public ushort Word() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public void Skip(int count) => Take(count);

    /// <summary>Data blocks up to the empty one, joined.</summary>
    public byte[] Blocks()
    {
        using MemoryStream joined = new();
        for (int length = Byte(); length > 0; length = Byte())
        {
            joined.Write(Take(length));
        }

        return joined.ToArray();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (file.Length - at < count)
        {
            throw Damaged(name, "it ends in the middle (truncated)");
        }

        at += count;
        return file.Slice(at - count, count);
    }
}
