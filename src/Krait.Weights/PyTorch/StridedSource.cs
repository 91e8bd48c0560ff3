using System.Collections.Immutable;

namespace Krait.Weights;

/// <summary>The elements of a strided view, gathered into row-major order.</summary>
internal sealed class StridedSource : ByteSource
{
    readonly int size;
    readonly ImmutableArray<long> shape;
    readonly ImmutableArray<long> strides;
    readonly CachedSource window;

    public StridedSource(ByteSource storage, int size, long offset, ImmutableArray<long> shape,
        ImmutableArray<long> strides)
    {
        (this.size, this.shape, this.strides) = (size, shape, strides);
        long count = 1, last = 0;
        for (var i = 0; i < shape.Length; i++)
        {
            count *= shape[i];
            last += (shape[i] - 1) * strides[i];
        }
        Length = count * size;
        var bytes = (last + 1) * size;
        if (bytes > Array.MaxLength)
            throw new WeightsException($"a view of {bytes} bytes that is not in order cannot be read. Save a " +
                "contiguous copy of the tensor.");
        window = new CachedSource(bytes, storage.Slice(offset * size, bytes).ReadAll);
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> destination)
    {
        Span<byte> element = stackalloc byte[8];
        element = element[..size];
        for (var done = 0; done < destination.Length;)
        {
            var (index, skip) = Math.DivRem(offset + done, (long)size);
            if (skip == 0 && destination.Length - done >= size)
            {
                done += Gather(index, destination[done..]);
                continue;
            }
            Gather(index, element);
            var n = Math.Min(size - (int)skip, destination.Length - done);
            element.Slice((int)skip, n).CopyTo(destination[done..]);
            done += n;
        }
    }

    /// <summary>Copies whole elements from element <paramref name="index"/> on; returns the bytes written.</summary>
    int Gather(long index, Span<byte> to)
    {
        Span<long> at = stackalloc long[shape.Length];
        long from = 0;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            (index, at[i]) = Math.DivRem(index, shape[i]);
            from += at[i] * strides[i];
        }
        var all = window.All();
        var done = 0;
        for (; done <= to.Length - size; done += size)
        {
            all.AsSpan((int)(from * size), size).CopyTo(to[done..]);
            for (var i = shape.Length - 1; i >= 0; i--)
            {
                from += strides[i];
                if (++at[i] < shape[i])
                    break;
                from -= at[i] * strides[i];
                at[i] = 0;
            }
        }
        return done;
    }
}
