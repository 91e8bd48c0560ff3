using System.Buffers.Binary;
using System.Numerics;

namespace Krait.Imaging.Codecs;

/// <summary>BMP with core, info, V4 and V5 headers: 1, 4, 8 (also RLE8), 16, 24 and 32 bits, either row order.
/// </summary>
/// <remarks>A palette that is the plain grey ramp of its bit depth makes a grey picture, any other a palette picture
/// with its indices kept. The fourth byte of 32-bit pixels is alpha only where the header has an alpha mask.</remarks>
internal static class BmpReader
{
    public static ImageHeader ReadHeader(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        BmpHeader header = BmpHeader.Parse(name, file, options);
        int channels = header.Bits <= 8 ? (IsGreyRamp(header) ? 1 : 3) : header.Masks[3] != 0 ? 4 : 3;
        return new ImageHeader(ImageFormat.Bmp, header.Width, header.Height, channels, 8);
    }

    public static Image Read(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        BmpHeader header = BmpHeader.Parse(name, file, options);
        if (header.Rle8)
        {
            return Colour(header, BmpRle8.Read(name, file[header.PixelOffset..], header));
        }

        long stride = (((long)header.Width * header.Bits) + 31) / 32 * 4;
        if (header.PixelOffset + (stride * header.Height) > file.Length)
        {
            throw new ImageFormatException(
                $"{name}: not a sound BMP file: {header.Width}x{header.Height} pixels of {header.Bits} bits need "
                + $"{stride * header.Height} bytes; {file.Length - header.PixelOffset} are there (truncated).");
        }

        ReadOnlySpan<byte> pixels = file[header.PixelOffset..];
        return header.Bits <= 8
            ? Colour(header, Indices(header, pixels, (int)stride))
            : Direct(header, pixels, (int)stride);
    }

    private static byte[] Indices(BmpHeader header, ReadOnlySpan<byte> pixels, int stride)
    {
        byte[] indices = new byte[(long)header.Width * header.Height];
        int bits = header.Bits;
        for (int y = 0, o = 0; y < header.Height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Slice(header.FileRow(y) * stride, stride);
            for (int x = 0; x < header.Width; x++)
            {
                int shift = 8 - bits - (x * bits % 8);
                indices[o++] = (byte)((row[x * bits / 8] >> shift) & ((1 << bits) - 1));
            }
        }

        return indices;
    }

    private static Image Direct(BmpHeader header, ReadOnlySpan<byte> pixels, int stride)
    {
        int channels = header.Masks[3] != 0 ? 4 : 3;
        int bytes = header.Bits / 8;
        byte[] samples = new byte[(long)header.Width * header.Height * channels];
        for (int y = 0, o = 0; y < header.Height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Slice(header.FileRow(y) * stride, stride);
            for (int x = 0; x < header.Width; x++)
            {
                ReadOnlySpan<byte> pixel = row.Slice(x * bytes, bytes);
                uint value = bytes switch
                {
                    2 => BinaryPrimitives.ReadUInt16LittleEndian(pixel),
                    3 => (uint)(pixel[0] | (pixel[1] << 8) | (pixel[2] << 16)),
                    _ => BinaryPrimitives.ReadUInt32LittleEndian(pixel),
                };
                for (int c = 0; c < channels; c++)
                {
                    samples[o++] = Extract(value, header.Masks[c]);
                }
            }
        }

        return new Image(header.Width, header.Height, channels, samples);
    }

    /// <summary>The bits of <paramref name="mask"/>, scaled to 0..255.</summary>
    private static byte Extract(uint value, uint mask)
    {
        if (mask == 0)
        {
            return 0;
        }

        int shift = BitOperations.TrailingZeroCount(mask);
        ulong top = mask >> shift;
        ulong sample = (value & mask) >> shift;
        return (byte)(((sample * 255) + (top / 2)) / top);
    }

    private static Image Colour(BmpHeader header, byte[] indices)
    {
        if (!IsGreyRamp(header))
        {
            return Image.FromIndices(header.Width, header.Height, indices, header.Palette, header.Bits);
        }

        int unit = 255 / ((1 << header.Bits) - 1);
        byte[] grey = unit == 1 ? indices : Array.ConvertAll(indices, i => (byte)(i * unit));
        return new Image(header.Width, header.Height, 1, grey) { SourceBitDepth = header.Bits };
    }

    private static bool IsGreyRamp(BmpHeader header)
    {
        int unit = 255 / ((1 << header.Bits) - 1);
        for (int i = 0; i < header.Palette.Length; i++)
        {
            byte level = (byte)(i * unit);
            if (header.Palette[i] != new Rgba(level, level, level))
            {
                return false;
            }
        }

        return true;
    }
}
