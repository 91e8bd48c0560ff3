using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Krait.Imaging.Codecs;

/// <summary>An array of numbers as NumPy writes it (.npy): a header of text, then the elements row by row.</summary>
/// <param name="Shape">Lengths of the axes, the last one running fastest.</param>
/// <param name="Values">The elements as float32.</param>
/// <remarks>Format 1.0 to 3.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Booleans,
/// integers and floats of both byte orders are read; objects, structures,
/// complex numbers and columns-first arrays are not.</remarks>
internal sealed partial record NpyArray(IReadOnlyList<int> Shape, float[] Values)
{
    private const int LargestHeader = 1 << 16;

    /// <param name="name">For messages.</param>
    /// <param name="stream">At the first byte of the format.</param>
    /// <param name="options">Limits, checked on the header.</param>
    /// <exception cref="ImageFormatException">If it is damaged, too large or of a type that is not read.</exception>
    public static NpyArray Read(string name, Stream stream, ImageReadOptions options)
    {
        try
        {
            string header = ReadHeader(name, stream);
            Match match = HeaderPattern().Match(header);
            if (!match.Success)
                throw new ImageFormatException($"{name}: the header is not NumPy's, or columns come first; got "
                    + $"'{header.Trim()}'. Save it with numpy.ascontiguousarray.");
            int[] shape = [.. match.Groups["axis"].Captures.Select(c =>
                int.Parse(c.Value, CultureInfo.InvariantCulture))];
            long count = shape.Aggregate(1L, (n, d) => checked(n * d));
            if (count > Math.Min(options.MaxPixels, Array.MaxLength))
                throw new ImageFormatException($"{name}: at most {options.MaxPixels} elements are read; the header "
                    + "says "
                    + $"{string.Join("x", shape)}. Raise the limit (--max-pixels) if the array is really that large.");
            return new NpyArray(shape, ReadValues(name, stream, (int)count, match.Groups["type"].Value));
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or OverflowException)
        {
            throw new ImageFormatException($"{name}: the array is damaged: {e.Message}", e);
        }
    }

    private static string ReadHeader(string name, Stream stream)
    {
        Span<byte> start = stackalloc byte[8], length = stackalloc byte[4];
        stream.ReadExactly(start);
        if (start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8) || start[6] is < 1 or > 3)
            throw new ImageFormatException($"{name}: this is no NumPy array of format 1 to 3.");
        length.Clear();
        stream.ReadExactly(start[6] == 1 ? length[..2] : length);
        uint bytes = BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (bytes > LargestHeader)
            throw new ImageFormatException($"{name}: the header has at most {LargestHeader} bytes; it says {bytes}. " +
                "It is damaged.");
        byte[] text = new byte[bytes];
        stream.ReadExactly(text);
        return Encoding.UTF8.GetString(text);
    }

    private static float[] ReadValues(string name, Stream stream, int count, string type)
    {
        bool isBig = type[0] == '>';
        Func<ReadOnlySpan<byte>, float> read = type[1..] switch
        {
            "f4" => x => isBig ? BinaryPrimitives.ReadSingleBigEndian(x) : BinaryPrimitives.ReadSingleLittleEndian(x),
            "f8" => x => (float)(isBig ? BinaryPrimitives.ReadDoubleBigEndian(x)
                : BinaryPrimitives.ReadDoubleLittleEndian(x)),
            "f2" => x => (float)(isBig ? BinaryPrimitives.ReadHalfBigEndian(x)
                : BinaryPrimitives.ReadHalfLittleEndian(x)),
            "u1" or "b1" => x => x[0],
            "i1" => x => (sbyte)x[0],
            "i2" => x => isBig ? BinaryPrimitives.ReadInt16BigEndian(x) : BinaryPrimitives.ReadInt16LittleEndian(x),
            "u2" => x => isBig ? BinaryPrimitives.ReadUInt16BigEndian(x) : BinaryPrimitives.ReadUInt16LittleEndian(x),
            "i4" => x => isBig ? BinaryPrimitives.ReadInt32BigEndian(x) : BinaryPrimitives.ReadInt32LittleEndian(x),
            "u4" => x => isBig ? BinaryPrimitives.ReadUInt32BigEndian(x) : BinaryPrimitives.ReadUInt32LittleEndian(x),
            "i8" => x => isBig ? BinaryPrimitives.ReadInt64BigEndian(x) : BinaryPrimitives.ReadInt64LittleEndian(x),
            "u8" => x => isBig ? BinaryPrimitives.ReadUInt64BigEndian(x) : BinaryPrimitives.ReadUInt64LittleEndian(x),
            _ => throw new ImageFormatException($"{name}: elements are booleans, integers or floats; got '{type}'. " +
                "Convert the array."),
        };
        int size = type[2] - '0';
        float[] values = new float[count];
        byte[] buffer = new byte[size * 4096];
        for (int at = 0; at < count;)
        {
            int now = Math.Min(4096, count - at);
            stream.ReadExactly(buffer, 0, now * size);
            for (int i = 0; i < now; i++) values[at++] = read(buffer.AsSpan(i * size, size));
        }
        return values;
    }

    // Every axis ends in a comma or the bracket, so that no text can be read in two ways.
    [GeneratedRegex(@"^\{'descr': '(?<type>[<>|=][a-z]\d+)', 'fortran_order': False, "
        + @"'shape': \((?:(?<axis>\d{1,9})(?:, |,|(?=\))))*\),? ?\}\s*$")]
    private static partial Regex HeaderPattern();
}
