namespace Krait.Engine.Devices;

/// <summary>
/// Where a value lies: <see cref="Count"/> rows of <see cref="Width"/> float32, <see cref="Stride"/> floats apart.
/// A null pointer stands for an operand that is not there.
/// </summary>
public readonly unsafe struct Rows(float* pointer, long count, int width, long stride)
{
    public readonly float* Pointer = pointer;
    public readonly long Count = count;
    public readonly int Width = width;
    public readonly long Stride = stride;

    public bool Exists => Pointer != null;

    /// <summary>True when the rows follow each other without gaps.</summary>
    public bool IsDense => Stride == Width || Count <= 1;

    /// <summary>All elements as one span; only for dense rows within the reach of an int.</summary>
    public Span<float> AsSpan()
    {
        if (!IsDense)
            throw new InvalidOperationException("rows: only dense rows form one span.");
        return new Span<float>(Pointer, checked((int)(Count * Width)));
    }

    /// <summary>Row <paramref name="i"/> as a span.</summary>
    public Span<float> Row(long i) => new(Pointer + (i * Stride), Width);

    /// <summary>The same memory seen as rows of another width; only for dense rows.</summary>
    public Rows Reshape(long count, int width) => new(Pointer, count, width, width);

    /// <summary>Channels [first, first + width) of each row.</summary>
    public Rows Channels(int first, int width) => new(Pointer + first, Count, width, Stride);

    /// <summary>Rows [first, first + count).</summary>
    public Rows Slice(long first, long count) => new(Pointer + (first * Stride), count, Width, Stride);

    /// <summary>Dense rows seen as rows of at most 2^15 numbers where that divides evenly, else as they are.</summary>
    public Rows AsLongRows()
    {
        if (!IsDense)
            return this;
        long total = Count * Width;
        for (int width = 1 << 15; width > Width; width >>= 1)
            if (total % width == 0)
                return Reshape(total / width, width);
        return this;
    }
}
