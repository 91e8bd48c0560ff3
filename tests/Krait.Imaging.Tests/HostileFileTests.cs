using System.Buffers.Binary;
using System.Diagnostics;
using Krait.Imaging.Codecs;

namespace Krait.Imaging.Tests;

/// <summary>Files that lie or are damaged: one ImageFormatException, no hang, no memory of the size they claim.
/// </summary>
public sealed class HostileFileTests
{
    private const int Huge = 60000;

    public static TheoryData<string> ManagedFiles => ["png", "bmp", "gif"];

    public static TheoryData<string> LibvipsFiles =>
        ["baseline.jpg", "progressive.jpg", "lzw.tif", "tiled.tif", "lossless.webp", "lossy.webp"];

    [Theory]
    [MemberData(nameof(ManagedFiles))]
    public void A_header_of_60000_x_60000_is_refused_before_allocation(string kind)
    {
        byte[] file = kind switch
        {
            "png" => HugePng(),
            "bmp" => Bmp(Huge, Huge, 24, []),
            _ => WithSize(Asset.Bytes("two_colours.gif"), Huge),
        };
        AssertRefusedForSize(file);
    }

    [NeedsLibvipsTheory]
    [InlineData("baseline.jpg")]
    [InlineData("lzw.tif")]
    public void A_libvips_header_of_60000_x_60000_is_refused_before_allocation(string asset)
    {
        AssertRefusedForSize(WithSize(Asset.Bytes(asset), Huge));
    }

    [Fact]
    public void The_limit_is_an_option()
    {
        byte[] file = Samples.Png(Samples.Random(10, 10, 1, 8));
        ImageReadOptions small = new() { MaxPixels = 99 };
        Assert.Throws<ImageFormatException>(() => ImageFile.Decode("test", file, small));
        Assert.Equal(10, ImageFile.Decode("test", file, new ImageReadOptions { MaxPixels = 100 }).Width);
    }

    [Fact]
    public void A_large_claim_with_little_data_is_refused_before_allocation()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        byte[] png = Samples.Png(Samples.Random(8, 8, 3, 8));
        SetPngSize(png, 16000);
        Assert.Throws<ImageFormatException>(() => Samples.Decode(png));
        Assert.Throws<ImageFormatException>(() => Samples.Decode(Bmp(16000, 16000, 24, new byte[100])));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [NeedsLibvipsTheory]
    [MemberData(nameof(LibvipsFiles))]
    public void Truncated_files_are_refused(string asset)
    {
        byte[] file = Asset.Bytes(asset);

        // The last bytes of a container may be padding or an end mark that readers rightly do without.
        for (int length = 0; length < file.Length - 8; length += Math.Max(1, file.Length / 40))
        {
            AssertOnlyImageFormatException(file[..length], mustFail: length < file.Length / 2);
        }
    }

    [NeedsLibvipsTheory]
    [MemberData(nameof(LibvipsFiles))]
    public void Damaged_bytes_are_refused_or_read_but_never_crash(string asset)
    {
        byte[] file = Asset.Bytes(asset);
        Random random = new(7);
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. file];
            for (int n = 0; n < 1 + (i % 4); n++)
            {
                damaged[random.Next(12, file.Length)] = (byte)random.Next(256);
            }

            AssertOnlyImageFormatException(damaged, mustFail: false);
        }
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x42, 0x4D })]
    [InlineData(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    public void What_is_no_picture_is_refused(byte[] file)
    {
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => Samples.Decode(file));
        Assert.False(e.MissingDependency);
        Assert.StartsWith("test: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_bmp_headers_never_crash()
    {
        byte[] file = Bmp(5, 4, 8, new byte[8 * 4]);
        Random random = new(3);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. file];
            damaged[random.Next(2, 58)] = (byte)random.Next(256);
            damaged[random.Next(2, 58)] = (byte)random.Next(256);
            AssertOnlyImageFormatException(damaged, mustFail: false);
        }
    }

    internal static byte[] Bmp(int width, int height, int bits, byte[] pixels)
    {
        int palette = bits <= 8 ? 4 << bits : 0;
        byte[] file = new byte[54 + palette + pixels.Length];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54 + palette);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), (short)bits);
        pixels.CopyTo(file.AsSpan(54 + palette));
        return file;
    }

    private static byte[] HugePng()
    {
        byte[] file = Samples.Png(Samples.Random(4, 4, 3, 8));
        SetPngSize(file, Huge);
        return file;
    }

    private static void SetPngSize(byte[] file, int size)
    {
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), size);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), size);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc32.Of(file.AsSpan(12, 17)));
    }

    /// <summary>Overwrites width and height where the format keeps them.</summary>
    private static byte[] WithSize(byte[] file, int size)
    {
        Span<byte> span = file;
        if (span.StartsWith("GIF"u8))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span[6..], (ushort)size);
            BinaryPrimitives.WriteUInt16LittleEndian(span[8..], (ushort)size);
        }
        else if (span.StartsWith("II"u8))
        {
            // Directory entries of 12 bytes; tags 256 and 257 hold width and height.
            int at = BinaryPrimitives.ReadInt32LittleEndian(span[4..]);
            for (int entry = at + 2; entry < at + 2 + (12 * file[at]); entry += 12)
            {
                if (BinaryPrimitives.ReadUInt16LittleEndian(span[entry..]) is 256 or 257)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(span[(entry + 8)..], size);
                }
            }
        }
        else
        {
            // Start of frame: FF C0, length, precision, height, width.
            int at = span.IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
            BinaryPrimitives.WriteUInt16BigEndian(span[(at + 5)..], (ushort)size);
            BinaryPrimitives.WriteUInt16BigEndian(span[(at + 7)..], (ushort)size);
        }

        return file;
    }

    private static void AssertRefusedForSize(byte[] file)
    {
        Stopwatch watch = Stopwatch.StartNew();
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => Samples.Decode(file));
        Assert.Contains("60000x60000", e.Message, StringComparison.Ordinal);
        Assert.Contains("--max-pixels", e.Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }

    private static void AssertOnlyImageFormatException(byte[] file, bool mustFail)
    {
        Exception? e = Record.Exception(() => Samples.Decode(file));
        Assert.True(e is ImageFormatException || (e is null && !mustFail), $"{file.Length} bytes: {e}");
    }
}
