using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Krait.Imaging.Codecs;

/// <summary>PNG out: grey, RGB, with or without alpha, 8 or 16 bits; palette pictures keep their indices.</summary>
internal static class PngWriter
{
    public static void Write(Stream file, Image image)
    {
        Span<byte> signature = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(signature, PngChunks.Signature);
        file.Write(signature);

        bool palette = image.PaletteIndices is not null;
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        header[8] = (byte)image.BitDepth;
        header[9] = palette ? (byte)3 : (byte)(image.Channels switch { 1 => 0, 2 => 4, 3 => 2, _ => 6 });
        WriteChunk(file, "IHDR", header);
        if (palette)
        {
            WritePalette(file, image.Palette!);
        }

        WriteData(file, Deflate(image, palette));
        WriteChunk(file, "IEND", []);
    }

    private static void WritePalette(Stream file, Rgba[] palette)
    {
        byte[] colours = new byte[palette.Length * 3];
        for (int i = 0; i < palette.Length; i++)
        {
            (colours[3 * i], colours[(3 * i) + 1], colours[(3 * i) + 2]) = (palette[i].R, palette[i].G, palette[i].B);
        }

        WriteChunk(file, "PLTE", colours);
        if (palette.Any(c => c.A != 255))
        {
            WriteChunk(file, "tRNS", Array.ConvertAll(palette, c => c.A));
        }
    }

    private static MemoryStream Deflate(Image image, bool palette)
    {
        int step = palette ? 1 : image.Channels * image.BitDepth / 8;
        int rowBytes = checked(image.Width * step);
        byte[] row = new byte[rowBytes];
        byte[] above = new byte[rowBytes];
        byte[] trial = new byte[rowBytes];
        byte[] best = new byte[rowBytes];
        MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int y = 0; y < image.Height; y++)
            {
                FillRow(image, palette, y, row);

                // Indices are no quantities: differences of them only hide repeats from deflate.
                int filters = palette ? 1 : 5;
                int chosen = 0;
                long least = long.MaxValue;
                for (int filter = 0; filter < filters; filter++)
                {
                    long sum = PngFilter.Apply(filter, row, above, step, trial);
                    if (sum < least)
                    {
                        (least, chosen) = (sum, filter);
                        (trial, best) = (best, trial);
                    }
                }

                zlib.WriteByte((byte)chosen);
                zlib.Write(best);
                (row, above) = (above, row);
            }
        }

        return packed;
    }

    private static void FillRow(Image image, bool palette, int y, Span<byte> row)
    {
        if (palette)
        {
            image.PaletteIndices.AsSpan(y * image.Width, image.Width).CopyTo(row);
        }
        else if (image.BitDepth == 8)
        {
            image.Bytes.AsSpan(y * row.Length, row.Length).CopyTo(row);
        }
        else
        {
            int samples = row.Length / 2;
            ReadOnlySpan<ushort> words = image.Words.AsSpan(y * samples, samples);
            for (int i = 0; i < samples; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(row[(2 * i)..], words[i]);
            }
        }
    }

    private static void WriteData(Stream file, MemoryStream packed)
    {
        ReadOnlySpan<byte> data = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        const int Piece = 1 << 20;
        for (int at = 0; at < data.Length; at += Piece)
        {
            WriteChunk(file, "IDAT", data.Slice(at, Math.Min(Piece, data.Length - at)));
        }
    }

    private static void WriteChunk(Stream file, string type, ReadOnlySpan<byte> body)
    {
        byte[] chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.Latin1.GetBytes(type, chunk.AsSpan(4));
        body.CopyTo(chunk.AsSpan(8));
        uint crc = Crc32.Of(chunk.AsSpan(4, body.Length + 4));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), crc);
        file.Write(chunk);
    }
}
