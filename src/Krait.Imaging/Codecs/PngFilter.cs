namespace Krait.Imaging.Codecs;

/// <summary>The five PNG row filters: none, sub, up, average, Paeth (PNG section 9.2).</summary>
internal static class PngFilter
{
    /// <summary>Restores <paramref name="row"/> in place; <paramref name="step"/> is the bytes of a pixel.</summary>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        switch (filter)
        {
            case 1:
                for (int i = step; i < row.Length; i++)
                {
                    row[i] += row[i - step];
                }

                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += above[i];
                }

                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                {
                    int left = i >= step ? row[i - step] : 0;
                    row[i] += (byte)((left + above[i]) >> 1);
                }

                break;
            case 4:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += i >= step ? Paeth(row[i - step], above[i], above[i - step]) : above[i];
                }

                break;
        }
    }

    /// <summary>Filters <paramref name="row"/> into <paramref name="result"/> and returns the sum of the absolute
    /// differences, the usual guess at how well it will deflate.</summary>
    public static long Apply(
        int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, Span<byte> result)
    {
        long sum = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int left = i >= step ? row[i - step] : 0;
            int corner = i >= step ? above[i - step] : 0;
            int guess = filter switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) >> 1,
                _ => Paeth(left, above[i], corner),
            };
            byte difference = (byte)(row[i] - guess);
            result[i] = difference;
            sum += Math.Abs((sbyte)difference == sbyte.MinValue ? 128 : (sbyte)difference);
        }

        return sum;
    }

    private static byte Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner);
        int toUp = Math.Abs(left - corner);
        int toCorner = Math.Abs(left + up - (2 * corner));
        if (toLeft <= toUp && toLeft <= toCorner)
        {
            return (byte)left;
        }

        return (byte)(toUp <= toCorner ? up : corner);
    }
}
