using System.IO.Compression;

namespace Krait.Imaging.Codecs;

/// <summary>Reads a NIfTI file piece by piece; nothing of the size that a header claims is allocated here.</summary>
internal sealed class NiftiReader : IDisposable
{
    /// <summary>Deflate cannot shrink further than this.</summary>
    private const long LargestRatio = 1032;
    private const int BufferBytes = 1 << 18;

    private readonly string name;
    private readonly Stream voxels;

    /// <exception cref="ImageFormatException">If the header is damaged or the file cannot hold what it
    /// claims.</exception>
    public NiftiReader(string path, ImageReadOptions? options)
    {
        name = Path.GetFileName(path);
        Stream file = Open(path);
        try
        {
            Header = NiftiHeader.Parse(name, ReadHeader(file), options ?? ImageReadOptions.Default);
            if (Header.IsPair)
            {
                file.Dispose();
                path = DataPath(path);
                file = Open(path);
            }

            CheckLength(new FileInfo(path).Length, file is GZipStream);
            Skip(file, Header.IsPair ? Header.Offset : Header.Offset - HeaderLength);
            voxels = file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public NiftiHeader Header { get; }

    private int HeaderLength => Header.Version == 1 ? NiftiHeader.Size1 : NiftiHeader.Size2;

    /// <summary>All samples in the file's order, columns fastest, some thousands at a time.</summary>
    public void Read(Action<ReadOnlySpan<float>> take)
    {
        byte[] bytes = new byte[BufferBytes];
        float[] values = new float[BufferBytes / Header.Type.Bytes];
        for (long left = Header.DataBytes; left > 0;)
        {
            int count = (int)Math.Min(left, BufferBytes);
            Fill(voxels, bytes.AsSpan(0, count));
            Header.Type.ToNative(bytes.AsSpan(0, count), Header.IsBigEndian);
            Span<float> samples = values.AsSpan(0, count / Header.Type.Bytes);
            Header.Type.Convert(bytes.AsSpan(0, count), Header.Slope, Header.Intercept, samples);
            take(samples);
            left -= count;
        }

        // A compressed stream checks its sum once its end is seen.
        ReadSome(voxels, bytes);
    }

    public void Dispose() => voxels.Dispose();

    private static Stream Open(string path)
    {
        FileStream file = File.OpenRead(path);
        bool isCompressed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        return isCompressed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private byte[] ReadHeader(Stream file)
    {
        byte[] header = new byte[NiftiHeader.Size2];
        int got = ReadSome(file, header.AsSpan(0, NiftiHeader.Size1));
        if (NiftiHeader.Recognise(header.AsSpan(0, got)) is not { } found)
        {
            throw new ImageFormatException(got == 0 ? $"{name}: not a volume: the file is empty."
                : $"{name}: not a NIfTI volume: its header begins with 348 or 540; this file begins with "
                    + $"{Convert.ToHexString(header.AsSpan(0, Math.Min(got, 8)))}.");
        }

        Fill(file, header.AsSpan(got, found.Length - got));
        return header[..found.Length];
    }

    /// <summary>NAME.hdr has its voxels in NAME.img, each of them compressed or not.</summary>
    private string DataPath(string path)
    {
        string stem = Path.Combine(Path.GetDirectoryName(path) ?? "", VolumeFile.StemOf(path));
        return new[] { ".img", ".img.gz", ".IMG" }.Select(e => stem + e).FirstOrDefault(File.Exists)
            ?? throw new ImageFormatException($"{name}: the voxels of a header file lie beside it; {stem}.img is " +
                "missing.");
    }

    private void CheckLength(long fileBytes, bool isCompressed)
    {
        long needed = Header.Offset + Header.DataBytes, most = isCompressed ? (fileBytes + 16) * LargestRatio
            : fileBytes;
        if (needed > most)
        {
            throw new ImageFormatException($"{name}: the header tells of {needed} bytes; the file of {fileBytes} bytes "
                + "cannot hold them. It is cut off or damaged.");
        }
    }

    private void Skip(Stream file, long count)
    {
        byte[] buffer = new byte[Math.Min(count, BufferBytes)];
        for (long left = count; left > 0; left -= buffer.Length)
        {
            Fill(file, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
        }
    }

    private void Fill(Stream file, Span<byte> buffer)
    {
        int got = ReadSome(file, buffer);
        if (got < buffer.Length)
        {
            throw new ImageFormatException($"{name}: the file ends {buffer.Length - got} bytes or more too early. It " +
                "is cut off.");
        }
    }

    private int ReadSome(Stream file, Span<byte> buffer)
    {
        try
        {
            return file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException($"{name}: the compressed data are damaged: {e.Message}", e);
        }
    }
}
