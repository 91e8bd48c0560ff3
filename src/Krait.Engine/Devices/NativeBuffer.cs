using System.Runtime.InteropServices;

namespace Krait.Engine.Devices;

/// <summary>
/// Float32 memory outside the managed heap, aligned to 64 bytes, zeroed, of 64-bit length. Large buffers take memory as
/// they are first touched.
/// </summary>
public sealed unsafe partial class NativeBuffer : IDisposable
{
    const int Alignment = 64;
    const nuint LargePage = 2 << 20;
    const int AdviseHugePage = 14;

    void* _block;

    /// <exception cref="OutOfMemoryException">The system has no such memory left.</exception>
    public NativeBuffer(long count)
    {
        Count = count;
        _block = NativeMemory.AllocZeroed(checked((nuint)(Math.Max(count, 16) * sizeof(float) + Alignment)));
        Pointer = (float*)(((nuint)_block + Alignment - 1) / Alignment * Alignment);
    }

    /// <summary>
    /// Asks for large pages where the system leaves that to the program (Linux): what walks over far rows then finds
    /// its pages' addresses sooner. For memory that is used as a whole, since it is taken in such pieces.
    /// </summary>
    public NativeBuffer WithLargePages()
    {
        nuint start = ((nuint)Pointer + LargePage - 1) / LargePage * LargePage;
        nuint end = (nuint)(Pointer + Count) / LargePage * LargePage;
        // Refused where large pages are off: then it stays ordinary memory.
        if (OperatingSystem.IsLinux() && start < end)
            _ = Advise((void*)start, end - start, AdviseHugePage);
        return this;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);

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
