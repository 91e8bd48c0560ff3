using System.Runtime.InteropServices;

namespace Krait.Engine.Devices;

/// <summary>Float32 memory outside the managed heap, aligned to 64 bytes, zeroed, of 64-bit length.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <exception cref="OutOfMemoryException">The system has no such memory left.</exception>
    public NativeBuffer(long count)
    {
        Count = count;
        nuint bytes = checked((nuint)(Math.Max(count, 16) * sizeof(float)));
        Pointer = (float*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(Pointer, bytes);
    }

    public float* Pointer { get; private set; }
    public long Count { get; }

    /// <summary>A part of the buffer as a span.</summary>
    public Span<float> Span(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(Pointer == null, this);
        if (offset < 0 || offset + count > Count)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return new Span<float>(Pointer + offset, count);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    ~NativeBuffer() => Free();

    void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
