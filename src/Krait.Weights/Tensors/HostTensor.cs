using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Krait.Weights;

/// <summary>A named tensor of a weights file: row-major, little-endian; its bytes are read when asked for.</summary>
/// <remarks>A tensor of a file needs the file open until it is read; several threads may read.</remarks>
public sealed class HostTensor
{
    const int ChunkBytes = 1 << 16;
    readonly ByteSource bytes;

    internal HostTensor(string name, ImmutableArray<long> shape, DType type, ByteSource bytes)
    {
        Name = name;
        Shape = shape;
        DType = type;
        ElementCount = CountElements($"tensor {name}", shape);
        if (bytes.Length != ElementCount * type.Size())
            throw new WeightsException($"tensor {name}: {type} {ShapeText} needs {ElementCount * type.Size()} bytes; " +
                $"got {bytes.Length}.");
        this.bytes = bytes;
    }

    public string Name { get; }

    /// <summary>Sizes of the axes, slowest first; empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    public DType DType { get; }

    public long ElementCount { get; }

    public long ByteCount => bytes.Length;

    /// <summary>The shape as in messages: "[96, 3, 4, 4]".</summary>
    public string ShapeText => FormatShape(Shape.AsSpan());

    /// <summary>A float32 tensor around <paramref name="data"/> (not copied).</summary>
    /// <exception cref="WeightsException">If the shape does not have as many elements as the data.</exception>
    public static HostTensor FromFloat32(string name, IEnumerable<long> shape, float[] data) =>
        FromArray(name, shape, DType.F32, data);

    /// <summary>
    /// A float32 tensor whose numbers are made when the first of them is read, and let go with the last.
    /// </summary>
    /// <param name="make">Gives as many numbers as the shape has.</param>
    public static HostTensor FromFloat32(string name, IEnumerable<long> shape, Func<float[]> make)
    {
        ImmutableArray<long> axes = [.. shape];
        return new HostTensor(name, axes, DType.F32, new MadeSource(CountElements($"tensor {name}", axes), make));
    }

    /// <summary>An int64 tensor with a copy of <paramref name="data"/>.</summary>
    /// <exception cref="WeightsException">If the shape does not have as many elements as the data.</exception>
    public static HostTensor FromInt64(string name, IEnumerable<long> shape, long[] data) =>
        FromArray(name, shape, DType.I64, data);

    /// <summary>A tensor of any type around its little-endian bytes (not copied).</summary>
    /// <exception cref="WeightsException">If the shape does not need as many bytes as there are.</exception>
    public static HostTensor FromBytes(string name, IEnumerable<long> shape, DType type, ReadOnlyMemory<byte> data) =>
        new(name, [.. shape], type, new ArraySource(data));

    /// <summary>The same bytes under another name.</summary>
    public HostTensor Rename(string name) => new(name, Shape, DType, bytes);

    /// <summary>All elements as float32; float64 and integers are rounded to the nearest.</summary>
    /// <exception cref="WeightsException">If the file cannot be read, or there are more than 2^31 elements.</exception>
    public float[] ToFloat32()
    {
        var data = new float[ArrayLength()];
        CopyTo(data);
        return data;
    }

    /// <summary>As <see cref="ToFloat32"/>, into <paramref name="destination"/> of ElementCount elements.</summary>
    /// <exception cref="ArgumentException">If the destination has another length.</exception>
    /// <exception cref="WeightsException">If the file cannot be read.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length != ElementCount)
            throw new ArgumentException($"tensor {Name}: {ElementCount} elements; the destination has room for " +
                $"{destination.Length}.", nameof(destination));
        if (DType == DType.F32 && BitConverter.IsLittleEndian)
        {
            CopyBytesTo(MemoryMarshal.AsBytes(destination));
            return;
        }
        Convert(destination, ElementConversion.ToFloat32);
    }

    /// <summary>All elements of an integer or boolean tensor as int64.</summary>
    /// <exception cref="WeightsException">If the tensor holds floating-point numbers, or cannot be read.</exception>
    public long[] ToInt64()
    {
        if (DType.IsFloat())
            throw new WeightsException($"tensor {Name}: integers wanted; it holds {DType}. Read it as float32.");
        var data = new long[ArrayLength()];
        Convert(data.AsSpan(), ElementConversion.ToInt64);
        return data;
    }

    /// <summary>The raw little-endian bytes, row-major.</summary>
    /// <exception cref="WeightsException">If the file cannot be read, or there are more than 2^31 bytes.</exception>
    public byte[] ToBytes()
    {
        if (ByteCount > Array.MaxLength)
            throw new WeightsException($"tensor {Name}: {ByteCount} bytes do not fit one array. Copy them in parts.");
        return bytes.ReadAll();
    }

    /// <summary>Reads <paramref name="destination"/>.Length raw bytes from byte <paramref name="start"/> on.</summary>
    public void CopyBytesTo(Span<byte> destination, long start = 0)
    {
        if (start < 0 || start > ByteCount - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"tensor {Name} has {ByteCount} bytes");
        bytes.Read(start, destination);
    }

    /// <summary>Whether type, shape and every byte agree.</summary>
    /// <exception cref="WeightsException">If a file cannot be read.</exception>
    public bool HoldsSameAs(HostTensor other)
    {
        if (DType != other.DType || !Shape.AsSpan().SequenceEqual(other.Shape.AsSpan()))
            return false;
        var size = (int)Math.Min(ChunkBytes, ByteCount);
        Span<byte> mine = new byte[size], theirs = new byte[size];
        for (long done = 0; done < ByteCount; done += size)
        {
            var count = (int)Math.Min(size, ByteCount - done);
            CopyBytesTo(mine[..count], done);
            other.CopyBytesTo(theirs[..count], done);
            if (!mine[..count].SequenceEqual(theirs[..count]))
                return false;
        }
        return true;
    }

    public override string ToString() => $"{Name} {DType} {ShapeText}";

    internal static string FormatShape(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>Product of the sizes; WeightsException when one is negative or the bytes pass 2^63.</summary>
    internal static long CountElements(string what, ImmutableArray<long> shape)
    {
        Int128 count = 1;
        var empty = false;
        foreach (var size in shape)
        {
            if (size < 0)
                throw new WeightsException($"{what}: sizes are not negative; got {FormatShape(shape.AsSpan())}.");
            empty |= size == 0;
            count = Int128.Min(count * Math.Max(size, 1), long.MaxValue);
        }
        if (count > long.MaxValue / 8)
            throw new WeightsException($"{what}: shape {FormatShape(shape.AsSpan())} has more elements than " +
                "any file holds. The file is damaged.");
        return empty ? 0 : (long)count;
    }

    static HostTensor FromArray<T>(string name, IEnumerable<long> shape, DType type, T[] data) where T : unmanaged
    {
        ByteSource source = BitConverter.IsLittleEndian
            ? new PrimitiveSource<T>(data)
            : throw new PlatformNotSupportedException("Krait runs on little-endian machines.");
        return new HostTensor(name, [.. shape], type, source);
    }

    int ArrayLength() => ElementCount <= Array.MaxLength
        ? (int)ElementCount
        : throw new WeightsException($"tensor {Name}: {ElementCount} elements do not fit one array.");

    delegate void Conversion<T>(DType type, ReadOnlySpan<byte> from, Span<T> to);

    void Convert<T>(Span<T> destination, Conversion<T> conversion)
    {
        Span<byte> chunk = new byte[Math.Min(ChunkBytes, ByteCount)];
        var size = DType.Size();
        for (long done = 0; done < ElementCount;)
        {
            var count = (int)Math.Min(ElementCount - done, ChunkBytes / size);
            var part = chunk[..(count * size)];
            bytes.Read(done * size, part);
            conversion(DType, part, destination.Slice((int)done, count));
            done += count;
        }
    }

    sealed class MadeSource(long count, Func<float[]> make) : ByteSource
    {
        PrimitiveSource<float>? made;

        public override long Length => count * sizeof(float);

        public override void Read(long offset, Span<byte> destination)
        {
            PrimitiveSource<float> source = made ??= new PrimitiveSource<float>(make());
            source.Read(offset, destination);
            if (offset + destination.Length == Length)
                made = null;
        }
    }

    sealed class PrimitiveSource<T>(T[] data) : ByteSource where T : unmanaged
    {
        readonly int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

        public override long Length => (long)data.Length * size;

        // By elements and not by one byte span of the whole array: that would end at 2^31 bytes.
        public override void Read(long offset, Span<byte> destination)
        {
            var index = (int)(offset / size);
            var skip = (int)(offset % size);
            while (destination.Length > 0)
            {
                var count = Math.Min(data.Length - index, (1 << 28) / size);
                var from = MemoryMarshal.AsBytes(data.AsSpan(index, count))[skip..];
                var n = Math.Min(from.Length, destination.Length);
                from[..n].CopyTo(destination);
                destination = destination[n..];
                index += (n + skip) / size;
                skip = (n + skip) % size;
            }
        }
    }
}
