using System.Buffers.Binary;
using System.Text;

namespace Krait.Imaging.Codecs;

/// <summary>The chunks of a PNG file, checked (lengths, CRC, order of the critical ones) and not yet decoded.</summary>
internal sealed class PngChunks
{
    public const ulong Signature = 0x89504E470D0A1A0A;

    private readonly string name;

    private PngChunks(string name) => this.name = name;

    public int Width { get; private set; }

    public int Height { get; private set; }

    public int BitDepth { get; private set; }

    public int ColourType { get; private set; }

    public bool Interlaced { get; private set; }

    public byte[] Palette { get; private set; } = [];

    public byte[] Transparency { get; private set; } = [];

    /// <summary>Offsets and lengths of the IDAT contents, in order.</summary>
    public List<(int Offset, int Length)> Data { get; } = [];

    public long DataLength => Data.Sum(d => (long)d.Length);

    /// <summary>Samples a pixel in the file: 1, 2, 3 or 4.</summary>
    public int FileChannels => ColourType switch { 0 or 3 => 1, 4 => 2, 2 => 3, _ => 4 };

    /// <summary>Samples a pixel after palette and transparency are applied.</summary>
    public int OutputChannels => ColourType switch
    {
        3 => Transparency.Length > 0 ? 4 : 3,
        0 => Transparency.Length > 0 ? 2 : 1,
        2 => Transparency.Length > 0 ? 4 : 3,
        _ => FileChannels,
    };

    public static PngChunks Parse(string name, ReadOnlySpan<byte> file, ImageReadOptions options, bool headerOnly)
    {
        PngChunks png = new(name);
        int at = 8;
        bool first = true;
        while (true)
        {
            if (file.Length - at < 12)
            {
                throw png.Damaged("it ends in the middle (truncated)");
            }

            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            string type = Encoding.Latin1.GetString(file.Slice(at + 4, 4));
            if (length > int.MaxValue || file.Length - at - 12 < (long)length)
            {
                throw png.Damaged($"chunk {Printable(type)} claims {length} bytes, more than the file has (truncated)");
            }

            ReadOnlySpan<byte> body = file.Slice(at + 8, (int)length);
            png.CheckCrc(type, file.Slice(at + 4, (int)length + 4), file[(at + 8 + (int)length)..]);
            if (first != (type == "IHDR"))
            {
                throw png.Damaged("IHDR must be the first chunk, and only that");
            }

            first = false;
            if (type == "IEND")
            {
                break;
            }

            png.Take(type, body, at + 8, options);
            if (headerOnly && type is "tRNS" or "IDAT")
            {
                return png;
            }

            at += 12 + (int)length;
        }

        if (png.Data.Count == 0)
        {
            throw png.Damaged("it holds no pixel data (IDAT)");
        }

        return png;
    }

    private static string Printable(string type) => type.All(char.IsAsciiLetter) ? type : "of unknown type";

    private void CheckCrc(string type, ReadOnlySpan<byte> covered, ReadOnlySpan<byte> stored)
    {
        if (Crc32.Of(covered) != BinaryPrimitives.ReadUInt32BigEndian(stored))
        {
            throw Damaged($"the checksum of chunk {Printable(type)} is wrong");
        }
    }

    private void Take(string type, ReadOnlySpan<byte> body, int offset, ImageReadOptions options)
    {
        switch (type)
        {
            case "IHDR":
                TakeHeader(body, options);
                break;
            case "PLTE":
                if (body.Length is 0 or > 768 || body.Length % 3 != 0)
                {
                    throw Damaged($"a palette has 1 to 256 colours of 3 bytes; PLTE has {body.Length} bytes");
                }

                Palette = body.ToArray();
                break;
            case "tRNS":
                int wanted = ColourType switch { 0 => 2, 2 => 6, 3 => Math.Min(body.Length, 256), _ => 0 };
                if (body.Length != wanted)
                {
                    throw Damaged($"tRNS has {body.Length} bytes for colour type {ColourType}");
                }

                Transparency = body.ToArray();
                break;
            case "IDAT":
                if (ColourType == 3 && Palette.Length == 0)
                {
                    throw Damaged("a palette picture without palette (PLTE)");
                }

                Data.Add((offset, body.Length));
                break;
            default:
                if (char.IsAsciiLetterUpper(type[0]))
                {
                    throw Damaged($"unknown critical chunk {Printable(type)}");
                }

                break;
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> body, ImageReadOptions options)
    {
        if (body.Length != 13)
        {
            throw Damaged($"IHDR has 13 bytes; got {body.Length}");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(body);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        (BitDepth, ColourType, Interlaced) = (body[8], body[9], body[12] == 1);
        bool known = ColourType switch
        {
            0 => BitDepth is 1 or 2 or 4 or 8 or 16,
            3 => BitDepth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => BitDepth is 8 or 16,
            _ => false,
        };
        if (!known || body[10] != 0 || body[11] != 0 || body[12] > 1)
        {
            throw Damaged(
                $"unknown kind: colour type {ColourType}, {BitDepth} bits, compression {body[10]}, "
                + $"filter {body[11]}, interlace {body[12]}");
        }

        ImageLimits.Check(name, width, height, 4, options);
        (Width, Height) = ((int)width, (int)height);
    }

    private ImageFormatException Damaged(string what) =>
        new($"{name}: not a sound PNG file: {what}. Write or download it again.");
}
