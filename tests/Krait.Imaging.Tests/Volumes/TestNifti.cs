using System.Buffers.Binary;
using System.IO.Compression;

namespace Krait.Imaging.Tests.Volumes;

/// <summary>A NIfTI file put together by hand, in either version and byte order.</summary>
internal sealed class TestNifti
{
    public int Version { get; init; } = 1;
    public bool IsBigEndian { get; init; }
    public long[] Dims { get; init; } = [3, 4, 3, 2, 1, 1, 1, 1];
    public int Type { get; init; } = 16;
    public double[] Pixdim { get; init; } = [1, 1, 1, 1];
    public double Slope { get; init; }
    public double Intercept { get; init; }
    public int QformCode { get; init; }
    public int SformCode { get; init; }
    public double[] Quaternion { get; init; } = [0, 0, 0, 0, 0, 0];
    public double[] Srow { get; init; } = new double[12];
    public int Units { get; init; } = 2;
    public string? Magic { get; init; }
    public double? Offset { get; init; }

    /// <summary>Stored numbers, columns fastest.</summary>
    public double[] Values { get; init; } = [.. Enumerable.Range(0, 24).Select(i => (double)i)];

    public byte[] Bytes()
    {
        byte[] header = Version == 1 ? Header1() : Header2();
        return [.. header, .. Values.SelectMany(Element)];
    }

    public static byte[] Gz(byte[] bytes)
    {
        using MemoryStream file = new();
        using (GZipStream packed = new(file, CompressionLevel.Fastest))
        {
            packed.Write(bytes);
        }

        return file.ToArray();
    }

    private byte[] Header1()
    {
        byte[] h = new byte[352];
        Put(h, 0, 4, 348);
        for (int i = 0; i < 8; i++)
        {
            Put(h, 40 + (2 * i), 2, Dims[i]);
        }

        Put(h, 70, 2, Type);
        Reals(h, 76, [.. Pixdim]);
        Reals(h, 108, [Offset ?? 352, Slope, Intercept]);
        h[123] = (byte)Units;
        Put(h, 252, 2, QformCode);
        Put(h, 254, 2, SformCode);
        Reals(h, 256, [.. Quaternion, .. Srow]);
        System.Text.Encoding.Latin1.GetBytes(Magic ?? "n+1\0").CopyTo(h, 344);
        return h;
    }

    private byte[] Header2()
    {
        byte[] h = new byte[544];
        Put(h, 0, 4, 540);
        System.Text.Encoding.Latin1.GetBytes(Magic ?? "n+2\0\r\n\u001a\n").CopyTo(h, 4);
        Put(h, 12, 2, Type);
        for (int i = 0; i < 8; i++)
        {
            Put(h, 16 + (8 * i), 8, Dims[i]);
        }

        Reals(h, 104, [.. Pixdim]);
        Put(h, 168, 8, (long)(Offset ?? 544));
        Reals(h, 176, [Slope, Intercept]);
        Put(h, 344, 4, QformCode);
        Put(h, 348, 4, SformCode);
        Reals(h, 352, [.. Quaternion, .. Srow]);
        Put(h, 500, 4, Units);
        return h;
    }

    private IEnumerable<byte> Element(double v) => Type switch
    {
        2 => [(byte)v],
        256 => [(byte)(sbyte)v],
        4 => Whole(2, (long)v),
        512 => Whole(2, (long)v),
        8 => Whole(4, (long)v),
        768 => Whole(4, (long)v),
        1024 => Whole(8, (long)v),
        1280 => Whole(8, (long)v),
        16 => Whole(4, BitConverter.SingleToInt32Bits((float)v)),
        _ => Whole(8, BitConverter.DoubleToInt64Bits(v)),
    };

    private void Reals(byte[] h, int at, double[] values)
    {
        int size = Version == 1 ? 4 : 8;
        foreach (double v in values)
        {
            Put(h, at, size, Version == 1 ? BitConverter.SingleToInt32Bits((float)v)
                : BitConverter.DoubleToInt64Bits(v));
            at += size;
        }
    }

    private void Put(byte[] h, int at, int size, long value) => Whole(size, value).CopyTo(h, at);

    private byte[] Whole(int size, long value)
    {
        byte[] all = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(all, value);
        byte[] used = all[..size];
        if (IsBigEndian)
        {
            Array.Reverse(used);
        }

        return used;
    }
}
