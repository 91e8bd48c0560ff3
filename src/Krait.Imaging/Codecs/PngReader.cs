using System.IO.Compression;

namespace Krait.Imaging.Codecs;

/// <summary>PNG (third edition): 1 to 16 bits, grey, RGB, palette with indices kept, alpha, tRNS, Adam7.</summary>
internal static class PngReader
{
    // Column and row where each Adam7 pass starts, and its steps.
    private static readonly (int X, int Y, int Dx, int Dy)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static ImageHeader ReadHeader(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        PngChunks png = PngChunks.Parse(name, file, options, headerOnly: true);
        return new ImageHeader(ImageFormat.Png, png.Width, png.Height, png.OutputChannels, Math.Max(8, png.BitDepth));
    }

    public static Image Read(string name, byte[] file, ImageReadOptions options)
    {
        PngChunks png = PngChunks.Parse(name, file, options, headerOnly: false);
        CheckEnoughData(name, png);
        try
        {
            using ZLibStream inflated = new(new ChunkStream(file, png.Data), CompressionMode.Decompress);
            bool plain = png.BitDepth == 8 && !png.Interlaced && (png.ColourType == 3 || png.Transparency.Length == 0);
            return plain
                ? PngColours.ApplyBytes(png, ReadBytes(name, png, inflated))
                : PngColours.Apply(png, ReadRaw(name, png, inflated));
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException($"{name}: not a sound PNG file: its compressed data is damaged.", e);
        }
        catch (EndOfStreamException e)
        {
            throw new ImageFormatException($"{name}: not a sound PNG file: pixel rows are missing (truncated).", e);
        }
    }

    /// <summary>Deflate shrinks at most 1032 times: with less data than that the picture cannot be whole, and nothing
    /// of its claimed size is allocated.</summary>
    private static void CheckEnoughData(string name, PngChunks png)
    {
        long rowBytes = (((long)png.Width * png.FileChannels * png.BitDepth) + 7) / 8;
        if (png.DataLength * 1032 < rowBytes * png.Height)
        {
            throw new ImageFormatException(
                $"{name}: not a sound PNG file: {png.DataLength} bytes of data cannot hold {png.Width}x{png.Height} "
                + "pixels (truncated).");
        }
    }

    /// <summary>The usual case, 8 bits and no interlace: rows are restored where they stay.</summary>
    private static byte[] ReadBytes(string name, PngChunks png, Stream inflated)
    {
        int rowBytes = png.Width * png.FileChannels;
        byte[] samples = new byte[(long)rowBytes * png.Height];
        ReadOnlySpan<byte> above = new byte[rowBytes];
        for (int y = 0; y < png.Height; y++)
        {
            Span<byte> row = samples.AsSpan(y * rowBytes, rowBytes);
            ReadRow(name, inflated, row, above, png.FileChannels);
            above = row;
        }

        return samples;
    }

    private static ushort[] ReadRaw(string name, PngChunks png, Stream inflated)
    {
        ushort[] raw = new ushort[(long)png.Width * png.Height * png.FileChannels];
        if (!png.Interlaced)
        {
            ReadPass(name, png, inflated, raw, (0, 0, 1, 1));
            return raw;
        }

        foreach ((int X, int Y, int Dx, int Dy) pass in Adam7)
        {
            ReadPass(name, png, inflated, raw, pass);
        }

        return raw;
    }

    private static void ReadPass(
        string name, PngChunks png, Stream inflated, ushort[] raw, (int X, int Y, int Dx, int Dy) pass)
    {
        int columns = (png.Width - pass.X + pass.Dx - 1) / pass.Dx;
        if (columns <= 0 || png.Height <= pass.Y)
        {
            return;
        }

        int channels = png.FileChannels;
        int rowBytes = (int)((((long)columns * channels * png.BitDepth) + 7) / 8);
        int step = Math.Max(1, channels * png.BitDepth / 8);
        byte[] row = new byte[rowBytes];
        byte[] previous = new byte[rowBytes];
        for (int y = pass.Y; y < png.Height; y += pass.Dy)
        {
            ReadRow(name, inflated, row, previous, step);
            int start = ((y * png.Width) + pass.X) * channels;
            Unpack(row, png.BitDepth, channels, columns, raw, start, pass.Dx * channels);
            (row, previous) = (previous, row);
        }
    }

    private static void ReadRow(string name, Stream inflated, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        int filter = inflated.ReadByte();
        inflated.ReadExactly(row);
        if (filter is < 0 or > 4)
        {
            throw new ImageFormatException($"{name}: not a sound PNG file: unknown row filter {filter}.");
        }

        PngFilter.Undo(filter, row, above, step);
    }

    /// <summary>Spreads a row's samples over <paramref name="raw"/> at their file values.</summary>
    private static void Unpack(
        ReadOnlySpan<byte> row, int bits, int channels, int columns, ushort[] raw, int start, int pixelStep)
    {
        for (int x = 0, s = 0; x < columns; x++)
        {
            int to = start + (x * pixelStep);
            for (int c = 0; c < channels; c++, s++)
            {
                raw[to + c] = bits switch
                {
                    8 => row[s],
                    16 => (ushort)((row[2 * s] << 8) | row[(2 * s) + 1]),
                    _ => (ushort)((row[s * bits / 8] >> (8 - bits - (s * bits % 8))) & ((1 << bits) - 1)),
                };
            }
        }
    }
}
