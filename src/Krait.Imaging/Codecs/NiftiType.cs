using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Krait.Imaging.Codecs;

/// <summary>An element type of NIfTI.</summary>
/// <param name="Code">The header's datatype.</param>
/// <param name="Name">As numpy calls it.</param>
/// <param name="Bytes">Size of an element.</param>
/// <param name="Convert">From native-endian bytes to slope x value + intercept.</param>
internal sealed record NiftiType(int Code, string Name, int Bytes, NiftiConversion Convert)
{
    public const int UInt8 = 2;
    public const int Float32 = 16;

    private static readonly NiftiType[] All =
    [
        new(UInt8, "uint8", 1, Values<byte>), new(4, "int16", 2, Values<short>), new(8, "int32", 4, Values<int>),
        new(Float32, "float32", 4, Values<float>), new(64, "float64", 8, Values<double>),
        new(256, "int8", 1, Values<sbyte>), new(512, "uint16", 2, Values<ushort>), new(768, "uint32", 4, Values<uint>),
        new(1024, "int64", 8, Values<long>), new(1280, "uint64", 8, Values<ulong>),
    ];

    private static readonly Dictionary<int, string> Unread = new()
    {
        [1] = "1-bit",
        [32] = "complex64",
        [128] = "RGB",
        [1536] = "float128",
        [1792] = "complex128",
        [2048] = "complex256",
        [2304] = "RGBA",
    };

    /// <exception cref="ImageFormatException">If the code is unknown or of a type that is not read.</exception>
    public static NiftiType Of(string name, int code) => Array.Find(All, t => t.Code == code)
        ?? throw new ImageFormatException(Unread.TryGetValue(code, out string? type)
            ? $"{name}: volumes of real numbers are read ({string.Join(", ", All.Select(t => t.Name))}); this one "
                + $"holds {type}. Convert it first."
            : $"{name}: the header names element type {code}, which NIfTI does not have. The file is damaged.");

    /// <summary>Brings elements to this machine's byte order, in place.</summary>
    public void ToNative(Span<byte> elements, bool isBigEndian)
    {
        if (isBigEndian == !BitConverter.IsLittleEndian)
        {
            return;
        }

        switch (Bytes)
        {
            case 2: Reverse(MemoryMarshal.Cast<byte, ushort>(elements)); break;
            case 4: Reverse(MemoryMarshal.Cast<byte, uint>(elements)); break;
            case 8: Reverse(MemoryMarshal.Cast<byte, ulong>(elements)); break;
            default: break;
        }
    }

    private static void Reverse(Span<ushort> x) => BinaryPrimitives.ReverseEndianness(x, x);

    private static void Reverse(Span<uint> x) => BinaryPrimitives.ReverseEndianness(x, x);

    private static void Reverse(Span<ulong> x) => BinaryPrimitives.ReverseEndianness(x, x);

    private static void Values<T>(ReadOnlySpan<byte> elements, double slope, double intercept, Span<float> values)
        where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> from = MemoryMarshal.Cast<byte, T>(elements);
        if (slope == 1 && intercept == 0)
        {
            for (int i = 0; i < from.Length; i++)
            {
                values[i] = float.CreateTruncating(from[i]);
            }

            return;
        }

        for (int i = 0; i < from.Length; i++)
        {
            values[i] = (float)((double.CreateTruncating(from[i]) * slope) + intercept);
        }
    }
}

/// <summary>Turns stored elements into samples.</summary>
internal delegate void NiftiConversion(ReadOnlySpan<byte> elements, double slope, double intercept, Span<float> values);
