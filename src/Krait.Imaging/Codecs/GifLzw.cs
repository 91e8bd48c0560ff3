namespace Krait.Imaging.Codecs;

/// <summary>The variable-width LZW code of GIF: least significant bit first, 3 to 12 bits, clear and end codes.
/// </summary>
internal static class GifLzw
{
    private const int Limit = 4096;

    /// <returns><paramref name="count"/> indices.</returns>
    public static byte[] Decode(string name, ReadOnlySpan<byte> data, int minimumCodeSize, int count)
    {
        if (minimumCodeSize is < 1 or > 8)
        {
            throw GifCursor.Damaged(name, $"its codes start at {minimumCodeSize} bits");
        }

        // A code stands for at most 4096 pixels: less data than that cannot hold the claimed size.
        if (data.Length * 8L / (minimumCodeSize + 1) * Limit < count)
        {
            throw GifCursor.Damaged(name, $"{data.Length} bytes cannot hold {count} pixels (truncated)");
        }

        byte[] pixels = new byte[count];
        short[] prefix = new short[Limit];
        byte[] last = new byte[Limit];
        byte[] stack = new byte[Limit];
        int clear = 1 << minimumCodeSize;
        (int size, int next, int previous, byte first) = (minimumCodeSize + 1, clear + 2, -1, (byte)0);
        (int bits, int held, int at, int done) = (0, 0, 0, 0);
        while (done < count)
        {
            for (; held < size && at < data.Length; held += 8)
            {
                bits |= data[at++] << held;
            }

            int code = bits & ((1 << size) - 1);
            if (held < size || code == clear + 1)
            {
                throw GifCursor.Damaged(name, $"{count - done} pixels are missing (truncated)");
            }

            (bits, held) = (bits >> size, held - size);
            if (code == clear)
            {
                (size, next, previous) = (minimumCodeSize + 1, clear + 2, -1);
                continue;
            }

            if (code > next || (code == next && previous < 0) || (previous < 0 && code > clear))
            {
                throw GifCursor.Damaged(name, "a code names a string that was not defined yet");
            }

            // The one code that may be named before it is defined: the previous string and its own first pixel.
            int depth = 0;
            int walk = code;
            if (code == next)
            {
                stack[depth++] = first;
                walk = previous;
            }

            for (; walk >= clear; walk = prefix[walk])
            {
                stack[depth++] = last[walk];
            }

            first = (byte)walk;
            stack[depth++] = first;
            while (depth > 0 && done < count)
            {
                pixels[done++] = stack[--depth];
            }

            if (previous >= 0 && next < Limit)
            {
                (prefix[next], last[next]) = ((short)previous, first);
                next++;
                size += next == 1 << size && size < 12 ? 1 : 0;
            }

            previous = code;
        }

        return pixels;
    }
}
