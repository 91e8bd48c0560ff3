using System.Buffers.Binary;

namespace Krait.Imaging.Codecs;

/// <summary>File header, info header, colour masks and palette of a BMP.</summary>
internal sealed class BmpHeader
{
    private const uint Uncompressed = 0;
    private const uint RunLength8 = 1;
    private const uint BitFields = 3;
    private const uint AlphaBitFields = 6;

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required int Bits { get; init; }

    public required int PixelOffset { get; init; }

    public required bool TopDown { get; init; }

    public required bool Rle8 { get; init; }

    public required Rgba[] Palette { get; init; }

    /// <summary>Masks of red, green, blue, alpha in a pixel's little-endian value.</summary>
    public required uint[] Masks { get; init; }

    /// <summary>The row in the file that holds row <paramref name="y"/> of the picture.</summary>
    public int FileRow(int y) => TopDown ? y : Height - 1 - y;

    public static BmpHeader Parse(string name, ReadOnlySpan<byte> file, ImageReadOptions options)
    {
        if (file.Length < 26)
        {
            throw Damaged(name, "it ends in the header (truncated)");
        }

        uint pixelOffset = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(file[14..]);
        if (size is not (12 or 40 or 52 or 56 or 64 or 108 or 124) || 14 + size > file.Length)
        {
            throw Damaged(name, $"its header of {size} bytes is unknown or incomplete");
        }

        ReadOnlySpan<byte> info = file.Slice(14, (int)size);
        bool core = size == 12;
        int width = core ? BinaryPrimitives.ReadUInt16LittleEndian(info[4..])
            : BinaryPrimitives.ReadInt32LittleEndian(info[4..]);
        long height = core ? BinaryPrimitives.ReadUInt16LittleEndian(info[6..])
            : BinaryPrimitives.ReadInt32LittleEndian(info[8..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(info[(core ? 10 : 14)..]);
        uint compression = core ? Uncompressed : BinaryPrimitives.ReadUInt32LittleEndian(info[16..]);
        uint colours = core ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(info[32..]);
        ImageLimits.Check(name, width, Math.Abs(height), 4, options);
        bool rle = compression == RunLength8 && bits == 8 && height > 0;
        bool masked = (compression is BitFields or AlphaBitFields) && (bits is 16 or 32);
        bool plain = compression == Uncompressed && (bits is 1 or 4 or 8 or 16 or 24 or 32);
        if (!rle && !masked && !plain)
        {
            throw new ImageFormatException(
                $"{name}: BMP with {bits} bits and compression {compression} is not read; 1, 4, 8, 16, 24, 32 bits, "
                + "uncompressed or RLE8, are. Save it as PNG.");
        }

        uint[] masks = ReadMasks(name, file, info, bits, masked, compression);
        Rgba[] palette = bits <= 8 ? ReadPalette(name, file, 14 + (int)size, bits, colours, core) : [];
        if (pixelOffset < 14 + size || pixelOffset > file.Length)
        {
            throw Damaged(name, $"its pixels start at byte {pixelOffset} of {file.Length}");
        }

        return new BmpHeader
        {
            Width = width,
            Height = (int)Math.Abs(height),
            Bits = bits,
            PixelOffset = (int)pixelOffset,
            TopDown = height < 0,
            Rle8 = rle,
            Palette = palette,
            Masks = masks,
        };
    }

    private static uint[] ReadMasks(
        string name, ReadOnlySpan<byte> file, ReadOnlySpan<byte> info, int bits, bool masked, uint compression)
    {
        if (!masked)
        {
            return bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF0000, 0xFF00, 0xFF, 0];
        }

        bool alpha = info.Length >= 56 || compression == AlphaBitFields;
        int count = alpha ? 4 : 3;
        if (file.Length < 54 + (4 * count))
        {
            throw Damaged(name, "it ends in the colour masks (truncated)");
        }

        // The masks stand at the same place whether they follow the 40-byte header or belong to a longer one.
        uint[] masks = new uint[4];
        for (int i = 0; i < count; i++)
        {
            masks[i] = BinaryPrimitives.ReadUInt32LittleEndian(file[(54 + (4 * i))..]);
        }

        return masks;
    }

    private static Rgba[] ReadPalette(
        string name, ReadOnlySpan<byte> file, int at, int bits, uint colours, bool core)
    {
        int entry = core ? 3 : 4;
        int count = colours == 0 ? 1 << bits : (int)Math.Min(colours, 1u << bits);
        if (file.Length < at + (count * entry))
        {
            throw Damaged(name, "it ends in the palette (truncated)");
        }

        Rgba[] palette = new Rgba[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> bgr = file.Slice(at + (i * entry), 3);
            palette[i] = new Rgba(bgr[2], bgr[1], bgr[0]);
        }

        return palette;
    }

    private static ImageFormatException Damaged(string name, string what) =>
        new($"{name}: not a sound BMP file: {what}. Write or download it again.");
}
