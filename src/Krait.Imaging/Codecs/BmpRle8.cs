namespace Krait.Imaging.Codecs;

/// <summary>BI_RLE8: runs (count, index) and escapes (0, n): end of row, end of picture, jump, literal indices.
/// </summary>
internal static class BmpRle8
{
    /// <returns>[height, width] indices, top row first; pixels that are jumped over are index 0.</returns>
    public static byte[] Read(string name, ReadOnlySpan<byte> data, BmpHeader header)
    {
        byte[] indices = new byte[(long)header.Width * header.Height];
        int at = 0;
        int x = 0;
        int y = 0;
        while (y < header.Height)
        {
            (byte count, byte value) = (Next(name, data, ref at), Next(name, data, ref at));
            switch (count, value)
            {
                case (0, 0):
                    (x, y) = (0, y + 1);
                    break;
                case (0, 1):
                    return indices;
                case (0, 2):
                    x += Next(name, data, ref at);
                    y += Next(name, data, ref at);
                    break;
                case (0, _):
                    for (int i = 0; i < value; i++)
                    {
                        Put(indices, header, x++, y, Next(name, data, ref at));
                    }

                    // Literal runs are padded to an even length.
                    at += value & 1;
                    break;
                default:
                    for (int i = 0; i < count; i++)
                    {
                        Put(indices, header, x++, y, value);
                    }

                    break;
            }
        }

        return indices;
    }

    private static void Put(byte[] indices, BmpHeader header, int x, int y, byte value)
    {
        if (x < header.Width)
        {
            indices[(header.FileRow(y) * header.Width) + x] = value;
        }
    }

    private static byte Next(string name, ReadOnlySpan<byte> data, ref int at)
    {
        return at < data.Length
            ? data[at++]
            : throw new ImageFormatException($"{name}: not a sound BMP file: its runs end too early (truncated).");
    }
}
