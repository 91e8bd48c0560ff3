namespace Krait.Imaging.Codecs;

/// <summary>Several pieces of one array read as one stream (the IDAT chunks of a PNG), without copying them.</summary>
internal sealed class ChunkStream(byte[] file, List<(int Offset, int Length)> pieces) : Stream
{
    private int piece;
    private int at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (piece < pieces.Count && at == pieces[piece].Length)
        {
            (piece, at) = (piece + 1, 0);
        }

        if (piece == pieces.Count)
        {
            return 0;
        }

        int count = Math.Min(buffer.Length, pieces[piece].Length - at);
        file.AsSpan(pieces[piece].Offset + at, count).CopyTo(buffer);
        at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
