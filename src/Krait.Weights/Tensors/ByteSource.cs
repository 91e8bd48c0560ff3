using Microsoft.Win32.SafeHandles;

namespace Krait.Weights;

/// <summary>Bytes that are read when they are asked for: a part of a file, or an array.</summary>
internal abstract class ByteSource
{
    public abstract long Length { get; }

    /// <summary>
    /// Fills <paramref name="destination"/> from <paramref name="offset"/> on, or throws WeightsException.
    /// </summary>
    public abstract void Read(long offset, Span<byte> destination);

    public ByteSource Slice(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return new Part(this, offset, length);
    }

    public byte[] ReadAll()
    {
        var bytes = new byte[Length];
        Read(0, bytes);
        return bytes;
    }

    sealed class Part(ByteSource whole, long start, long length) : ByteSource
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> destination)
        {
            if (offset < 0 || offset > length - destination.Length)
                throw new ArgumentOutOfRangeException(nameof(offset));
            whole.Read(start + offset, destination);
        }
    }
}

internal sealed class ArraySource(ReadOnlyMemory<byte> bytes) : ByteSource
{
    public override long Length => bytes.Length;

    public override void Read(long offset, Span<byte> destination) =>
        bytes.Span.Slice(checked((int)offset), destination.Length).CopyTo(destination);
}

/// <summary>An open file. Reads are positional, so several threads may read at once.</summary>
/// <remarks>Not memory-mapped: a file that another process cuts short is then an error and not a crash.</remarks>
internal sealed class FileSource : ByteSource, IDisposable
{
    readonly string name;
    readonly SafeFileHandle handle;

    FileSource(string name, SafeFileHandle handle)
    {
        this.name = name;
        this.handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    public override long Length { get; }

    public static FileSource Open(string path)
    {
        var name = Path.GetFileName(path);
        if (Directory.Exists(path))
            throw new WeightsException($"read {path}: need a file; this is a folder. Name a weights file inside it.");
        try
        {
            return new FileSource(name,
                File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WeightsException($"read {path}: no such file. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw new WeightsException($"read {path}: cannot be opened; {e.Message}", e);
        }
    }

    public override void Read(long offset, Span<byte> destination)
    {
        try
        {
            while (destination.Length > 0)
            {
                var got = RandomAccess.Read(handle, destination, offset);
                if (got == 0)
                    throw new WeightsException($"read {name}: the file ended before byte " +
                        $"{offset + destination.Length}. It was cut short while it was open; copy it again.");
                destination = destination[got..];
                offset += got;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightsException($"read {name}: {e.Message}", e);
        }
        catch (ObjectDisposedException e)
        {
            throw new WeightsException($"read {name}: the file is closed. Read tensors before disposing the file.", e);
        }
    }

    public void Dispose() => handle.Dispose();
}
