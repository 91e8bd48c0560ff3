namespace Krait.Weights;

/// <summary>Bytes that are only to be had as a whole; kept as long as memory is plenty, made again when not.</summary>
internal sealed class CachedSource(long length, Func<byte[]> load) : ByteSource
{
    readonly WeakReference<byte[]?> cache = new(null);

    public override long Length => length;

    /// <summary>The whole; the array stays alive as long as the caller holds it.</summary>
    public byte[] All()
    {
        if (!cache.TryGetTarget(out var bytes))
            cache.SetTarget(bytes = load());
        return bytes;
    }

    public override void Read(long offset, Span<byte> destination) =>
        All().AsSpan(checked((int)offset), destination.Length).CopyTo(destination);
}
