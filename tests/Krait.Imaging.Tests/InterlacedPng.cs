using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Krait.Imaging.Codecs;

namespace Krait.Imaging.Tests;

/// <summary>Writes Adam7 grey PNGs of few bits by asking of every pixel which pass it belongs to: another way than
/// the reader's.</summary>
internal static class InterlacedPng
{
    public static byte[] Write(int width, int height, int bits, int[] values)
    {
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int pass = 1; pass <= 7; pass++)
            {
                for (int y = 0; y < height; y++)
                {
                    IEnumerable<int> columns = Enumerable.Range(0, width).Where(x => Pass(x, y) == pass);
                    int[] row = [.. columns.Select(x => values[(y * width) + x])];
                    if (row.Length > 0)
                    {
                        zlib.WriteByte(0);
                        zlib.Write(Pack(row, bits));
                    }
                }
            }
        }

        using MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[12]) = ((byte)bits, 1);
        Chunk(file, "IHDR", header);
        Chunk(file, "IDAT", packed.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static int Pass(int x, int y)
    {
        const string Grid = "1646264677777777565656567777777736463646777777775656565677777777";
        return Grid[((y & 7) * 8) + (x & 7)] - '0';
    }

    private static byte[] Pack(int[] row, int bits)
    {
        byte[] bytes = new byte[((row.Length * bits) + 7) / 8];
        for (int i = 0; i < row.Length; i++)
        {
            bytes[i * bits / 8] |= (byte)(row[i] << (8 - bits - (i * bits % 8)));
        }

        return bytes;
    }

    private static void Chunk(Stream file, string type, byte[] body)
    {
        byte[] covered = [.. Encoding.Latin1.GetBytes(type), .. body];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(covered);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(covered));
        file.Write(number);
    }
}
