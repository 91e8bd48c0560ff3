using System.Numerics;

namespace Krait.Imaging.Tests;

/// <summary>Writes GIFs with a plain LZW encoder over strings, for the reader to undo.</summary>
internal static class TestGif
{
    public static byte[] Write(
        int width, int height, byte[] indices, int colours, bool interlaced, bool grey = false)
    {
        int tableBits = Math.Max(1, BitOperations.Log2((uint)colours - 1) + 1);
        List<byte> file = [.. "GIF89a"u8, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8)];
        file.AddRange([(byte)(0x80 | (tableBits - 1)), 0, 0]);
        for (int i = 0; i < 1 << tableBits; i++)
        {
            file.AddRange(grey ? [(byte)i, (byte)i, (byte)i] : [(byte)i, 1, 2]);
        }

        file.AddRange([0x2C, 0, 0, 0, 0, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8)]);
        file.Add(interlaced ? (byte)0x40 : (byte)0);
        int codeBits = Math.Max(2, tableBits);
        file.Add((byte)codeBits);
        foreach (byte[] block in Encode(Ordered(width, height, indices, interlaced), codeBits).Chunk(255))
        {
            file.Add((byte)block.Length);
            file.AddRange(block);
        }

        file.AddRange([0, 0x3B]);
        return [.. file];
    }

    private static byte[] Ordered(int width, int height, byte[] indices, bool interlaced)
    {
        IEnumerable<int> rows = Enumerable.Range(0, height);
        int Pass(int y) => y % 8 == 0 ? 0 : y % 8 == 4 ? 1 : y % 4 == 2 ? 2 : 3;
        rows = interlaced ? rows.OrderBy(Pass).ThenBy(y => y) : rows;
        return [.. rows.SelectMany(y => indices[(y * width)..((y + 1) * width)])];
    }

    private static byte[] Encode(byte[] pixels, int codeBits)
    {
        List<byte> bytes = [];
        (int held, int count) = (0, 0);
        Dictionary<string, int> table = [];
        int size = 0;
        void Put(int code)
        {
            held |= code << count;
            for (count += size; count >= 8; count -= 8, held >>= 8)
            {
                bytes.Add((byte)held);
            }
        }

        void Reset()
        {
            table = Enumerable.Range(0, 1 << codeBits).ToDictionary(i => ((char)i).ToString(), i => i);
            size = codeBits + 1;
        }

        Reset();
        int clear = 1 << codeBits;
        int next = clear + 2;
        Put(clear);
        string run = "";
        foreach (byte pixel in pixels)
        {
            string longer = run + (char)pixel;
            if (table.ContainsKey(longer))
            {
                run = longer;
                continue;
            }

            Put(table[run]);
            if (next < 4096)
            {
                table[longer] = next++;
                size += next > 1 << size && size < 12 ? 1 : 0;
            }
            else
            {
                Put(clear);
                Reset();
                next = clear + 2;
            }

            run = ((char)pixel).ToString();
        }

        Put(table[run]);
        Put(clear + 1);
        size = 8;
        Put(0);
        return [.. bytes];
    }
}
