using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>Native memory for the activations of plans that run one after another; as large as the largest.</summary>
public sealed unsafe class Arena : IDisposable
{
    NativeBuffer? _buffer;

    internal int Version { get; private set; }
    internal float* Pointer => _buffer is null ? null : _buffer.Pointer;

    /// <summary>Bytes held now.</summary>
    public long Bytes => (_buffer?.Count ?? 0) * sizeof(float);

    internal void Reserve(long floats)
    {
        if (_buffer is not null && _buffer.Count >= floats)
            return;
        _buffer?.Dispose();
        _buffer = new NativeBuffer(floats).WithLargePages();
        Version++;
    }

    public void Dispose() => _buffer?.Dispose();
}
