using System.Buffers.Binary;
using System.IO.Compression;

namespace Krait.Imaging.Codecs;

/// <summary>TIFF 6.0 out: little-endian, deflate strips, 8 or 16 bits; palette pictures keep indices and colours.
/// </summary>
internal static class TiffWriter
{
    private const ushort Short = 3;
    private const ushort Long = 4;
    private const int StripBytes = 1 << 18;

    public static void Write(Stream file, Image image)
    {
        bool palette = image.PaletteIndices is not null;
        int channels = palette ? 1 : image.Channels;
        int rowBytes = checked(image.Width * channels * image.BitDepth / 8);
        int rowsPerStrip = Math.Clamp(StripBytes / rowBytes, 1, image.Height);
        List<byte[]> strips = [];
        for (int y = 0; y < image.Height; y += rowsPerStrip)
        {
            strips.Add(Deflate(Rows(image, y, Math.Min(rowsPerStrip, image.Height - y), rowBytes)));
        }

        List<(ushort Tag, ushort Type, uint[] Values)> tags =
        [
            (256, Long, [(uint)image.Width]),
            (257, Long, [(uint)image.Height]),
            (258, Short, Repeat((uint)image.BitDepth, channels)),
            (259, Short, [8]),
            (262, Short, [palette ? 3u : channels < 3 ? 1u : 2u]),
            (273, Long, Offsets(strips)),
            (277, Short, [(uint)channels]),
            (278, Long, [(uint)rowsPerStrip]),
            (279, Long, [.. strips.Select(s => (uint)s.Length)]),
        ];
        if (palette)
        {
            tags.Add((320, Short, ColourMap(image.Palette!)));
        }
        else if (image.HasAlpha)
        {
            tags.Add((338, Short, [2]));
        }

        WriteParts(file, strips, tags);
    }

    /// <summary>Header, strips, directory, and the values too long for the directory.</summary>
    private static void WriteParts(
        Stream file, List<byte[]> strips, List<(ushort Tag, ushort Type, uint[] Values)> tags)
    {
        long end = 8 + strips.Sum(s => (long)s.Length);
        long directory = end + (end & 1);
        if (directory > uint.MaxValue - (1 << 20))
        {
            throw new ImageFormatException($"TIFF: at most 4 GiB are written; got {directory} bytes. Write a PNG.");
        }

        using BinaryWriter writer = new(file, System.Text.Encoding.Latin1, leaveOpen: true);
        writer.Write("II*\0"u8);
        writer.Write((uint)directory);
        strips.ForEach(writer.Write);
        writer.Write(new byte[directory - end]);
        writer.Write((ushort)tags.Count);
        uint overflow = (uint)directory + 2 + (12 * (uint)tags.Count) + 4;
        foreach ((ushort tag, ushort type, uint[] values) in tags)
        {
            byte[] bytes = Pack(type, values);
            writer.Write(tag);
            writer.Write(type);
            writer.Write((uint)values.Length);
            if (bytes.Length <= 4)
            {
                writer.Write(bytes);
                writer.Write(new byte[4 - bytes.Length]);
            }
            else
            {
                writer.Write(overflow);
                overflow += (uint)bytes.Length;
            }
        }

        writer.Write(0u);
        foreach ((ushort _, ushort type, uint[] values) in tags)
        {
            byte[] bytes = Pack(type, values);
            writer.Write(bytes.Length > 4 ? bytes : []);
        }
    }

    private static byte[] Rows(Image image, int y, int rows, int rowBytes)
    {
        if (image.PaletteIndices is not null)
        {
            return image.PaletteIndices.AsSpan(y * rowBytes, rows * rowBytes).ToArray();
        }

        if (image.BitDepth == 8)
        {
            return image.Bytes.AsSpan(y * rowBytes, rows * rowBytes).ToArray();
        }

        byte[] bytes = new byte[rows * rowBytes];
        ReadOnlySpan<ushort> words = image.Words.AsSpan(y * rowBytes / 2, rows * rowBytes / 2);
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), words[i]);
        }

        return bytes;
    }

    private static byte[] Deflate(byte[] rows)
    {
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        return packed.ToArray();
    }

    private static uint[] Offsets(List<byte[]> strips)
    {
        uint[] offsets = new uint[strips.Count];
        uint at = 8;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = at;
            at += (uint)strips[i].Length;
        }

        return offsets;
    }

    /// <summary>All reds, all greens, all blues, 256 each, as 16-bit numbers.</summary>
    private static uint[] ColourMap(Rgba[] palette)
    {
        uint[] map = new uint[768];
        for (int i = 0; i < palette.Length; i++)
        {
            (map[i], map[256 + i], map[512 + i]) =
                (palette[i].R * 257u, palette[i].G * 257u, palette[i].B * 257u);
        }

        return map;
    }

    private static byte[] Pack(ushort type, uint[] values)
    {
        byte[] bytes = new byte[values.Length * (type == Short ? 2 : 4)];
        for (int i = 0; i < values.Length; i++)
        {
            if (type == Short)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)values[i]);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), values[i]);
            }
        }

        return bytes;
    }

    private static uint[] Repeat(uint value, int count) => [.. Enumerable.Repeat(value, count)];
}
