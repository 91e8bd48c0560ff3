using System.Runtime.InteropServices;

namespace Krait.Engine.Devices;

/// <summary>
/// Float32 memory outside the managed heap, aligned to 64 bytes, zeroed, of 64-bit length. Large buffers take memory as
/// they are first touched.
/// </summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    const int Alignment = 64;

    void* _block;

    /// <exception cref="OutOfMemoryException">The system has no such memory left.</exception>
    public NativeBuffer(long count)
    {
        Count = count;
        _block = NativeMemory.AllocZeroed(checked((nuint)(Math.Max(count, 16) * sizeof(float) + Alignment)));
        Pointer = (float*)(((nuint)_block + Alignment - 1) / Alignment * Alignment);
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
        NativeMemory.Free(_block);
        _block = null;
        Pointer = null;
    }
}
