using System.Collections.Immutable;

namespace Krait.Weights;

/// <summary>
/// A flat run of elements that tensors are views of. In the legacy container its bytes come after the pickle.
/// </summary>
internal sealed class TorchStorage(string key, DType type, long count)
{
    public string Key => key;

    public DType Type => type;

    public long Count => count;

    public ByteSource? Bytes { get; set; }
}

/// <summary>A view of a storage: element i, j, ... lies at offset + i strides[0] + j strides[1] + ...</summary>
internal sealed class TorchTensor
{
    const int MaxAxes = 64;

    // A stride of 0 repeats elements without bytes in the file. Beyond this no network does it.
    const long MaxRepeatedElements = 1L << 28;

    readonly TorchStorage storage;
    readonly DType type;
    readonly long offset;
    readonly ImmutableArray<long> shape;
    readonly ImmutableArray<long> strides;

    /// <exception cref="WeightsException">If an element would lie outside of the storage.</exception>
    public TorchTensor(string file, TorchStorage storage, DType type, long offset, ImmutableArray<long> shape,
        ImmutableArray<long> strides)
    {
        (this.storage, this.type, this.offset, this.shape, this.strides) = (storage, type, offset, shape, strides);
        if (shape.Length != strides.Length || shape.Length > MaxAxes)
            throw Damaged(file, $"has {shape.Length} axes and {strides.Length} strides");
        var count = HostTensor.CountElements($"read {file}: tensor of storage {storage.Key}", shape);
        var capacity = (Int128)storage.Count * storage.Type.Size() / type.Size();
        Int128 last = offset;
        for (var i = 0; i < shape.Length; i++)
        {
            if (strides[i] < 0)
                throw Damaged(file, $"has a negative stride {strides[i]}");
            // Both factors are below 2^63 and an empty tensor has no last element: no overflow of 128 bits.
            last += (Int128)Math.Max(shape[i] - 1, 0) * strides[i];
        }
        if (offset < 0 || (count > 0 && last >= capacity))
            throw Damaged(file, $"of shape {HostTensor.FormatShape(shape.AsSpan())} reaches element {last} of " +
                $"{capacity}");
        if (count > Math.Max((long)capacity, MaxRepeatedElements))
            throw Damaged(file, $"repeats {capacity} elements to {count}");
    }

    public TorchStorage Storage => storage;

    public HostTensor ToHost(string name)
    {
        var bytes = storage.Bytes ?? throw new InvalidOperationException($"storage {storage.Key} was not attached");
        var size = type.Size();
        var count = HostTensor.CountElements(name, shape);
        if (count == 0)
            return new HostTensor(name, shape, type, new ArraySource(default));
        return new HostTensor(name, shape, type, IsContiguous()
            ? bytes.Slice(offset * size, count * size)
            : new StridedSource(bytes, size, offset, shape, strides));
    }

    bool IsContiguous()
    {
        long expected = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }

    WeightsException Damaged(string file, string what) =>
        new($"read {file}: a tensor of storage {storage.Key} {what}. The file is damaged; download or save it again.");
}
