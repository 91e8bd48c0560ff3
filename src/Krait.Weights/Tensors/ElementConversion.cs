using System.Buffers.Binary;

namespace Krait.Weights;

/// <summary>Little-endian bytes of any element type to float32 or int64.</summary>
internal static class ElementConversion
{
    public static void ToFloat32(DType type, ReadOnlySpan<byte> from, Span<float> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = type switch
            {
                DType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(from[(8 * i)..]),
                DType.F32 => BinaryPrimitives.ReadSingleLittleEndian(from[(4 * i)..]),
                DType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(from[(2 * i)..]),
                DType.BF16 => BitConverter.Int32BitsToSingle(
                    BinaryPrimitives.ReadInt16LittleEndian(from[(2 * i)..]) << 16),
                _ => Integer(type, from, i),
            };
    }

    public static void ToInt64(DType type, ReadOnlySpan<byte> from, Span<long> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = Integer(type, from, i);
    }

    static long Integer(DType type, ReadOnlySpan<byte> from, int i) => type switch
    {
        DType.I64 => BinaryPrimitives.ReadInt64LittleEndian(from[(8 * i)..]),
        DType.I32 => BinaryPrimitives.ReadInt32LittleEndian(from[(4 * i)..]),
        DType.I16 => BinaryPrimitives.ReadInt16LittleEndian(from[(2 * i)..]),
        DType.I8 => (sbyte)from[i],
        DType.U8 => from[i],
        DType.BOOL => from[i] != 0 ? 1 : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an integer type"),
    };
}
