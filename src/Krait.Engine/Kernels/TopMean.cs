namespace Krait.Engine.Kernels;

/// <summary>The largest of many numbers, found by counting the two halves of their bits; no sort, no copy.</summary>
public static unsafe class TopMean
{
    /// <summary>Counters that <see cref="Choose"/> needs.</summary>
    public const int Counters = 1 << 16;

    /// <summary>
    /// chosen[i] = 1 for the <paramref name="top"/> largest numbers, the first ones among equals, else 0; returns
    /// their mean. NaN is larger than any number.
    /// </summary>
    public static double Choose(float* x, long xStride, long count, long top, uint* counters, float* chosen,
        long chosenStride)
    {
        long left = top;
        Count(x, xStride, count, null, counters);
        uint high = Bucket(counters, ref left);
        Count(x, xStride, count, high, counters);
        uint threshold = (high << 16) | Bucket(counters, ref left);
        double sum = 0;
        for (long i = 0; i < count; i++, x += xStride, chosen += chosenStride)
        {
            uint key = Key(*x);
            bool takes = key > threshold || (key == threshold && left-- > 0);
            *chosen = takes ? 1f : 0f;
            if (takes)
                sum += *x;
        }
        return sum / top;
    }

    /// <summary>How often each upper half of a key occurs, or each lower half below the given upper one.</summary>
    static void Count(float* x, long stride, long count, uint? high, uint* counters)
    {
        new Span<uint>(counters, Counters).Clear();
        for (long i = 0; i < count; i++, x += stride)
        {
            uint key = Key(*x);
            if (high is null)
                counters[key >> 16]++;
            else if (key >> 16 == high)
                counters[key & 0xffff]++;
        }
    }

    /// <summary>The counter, from the largest down, in which the last of those left lies; left:
    /// how many in it.</summary>
    static uint Bucket(uint* counters, ref long left)
    {
        uint bucket = Counters - 1;
        while (counters[bucket] < left)
            left -= counters[bucket--];
        return bucket;
    }

    /// <summary>Bits in the order of the numbers.</summary>
    static uint Key(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }
}
