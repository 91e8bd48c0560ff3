using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// How a smaller shape meets a larger one: row r of the larger meets row (r / <see cref="Repeat"/>) % (rows of the
/// smaller); a width of 1 meets every channel.
/// </summary>
readonly record struct Broadcasting(long Repeat)
{
    /// <summary>
    /// The way, or null where there is none: the axes of extent 1 (channels apart) must all be the last ones, such as
    /// [B, 1, 1, C], or all the first ones, such as [1, H, W, C]. [C] and [1] meet any shape.
    /// </summary>
    public static Broadcasting? Of(Shape large, Shape small)
    {
        if (small.Width != large.Width && small.Width != 1)
            return null;
        if (small.Rank == 1 || small.Rows == 1)
            return new Broadcasting(Math.Max(1, large.Rows));
        if (small.Rank != large.Rank)
            return null;
        int first = 0, last = large.Rank - 1;
        while (last > 0 && small[last - 1] == 1)
            last--;
        while (first < last && small[first] == 1)
            first++;
        long repeat = 1;
        for (int i = last; i < large.Rank - 1; i++)
            repeat *= large[i];
        for (int i = first; i < last; i++)
            if (small[i] != large[i])
                return null;
        for (int i = 0; i < first; i++)
            if (large[i] != 1 && repeat > 1)
                return null;
        return new Broadcasting(repeat);
    }
}
