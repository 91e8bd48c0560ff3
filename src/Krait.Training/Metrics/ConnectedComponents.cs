namespace Krait.Training.Metrics;

/// <summary>Pieces of a mask that hang together.</summary>
public static class ConnectedComponents
{
    /// <summary>Numbers the pieces from 1 in the order of their first elements; 0 is background.</summary>
    /// <param name="mask">The foreground.</param>
    /// <param name="grid">Its extents.</param>
    /// <param name="connectivity">Axes in which neighbours may differ: 1 for faces, as many as there are axes for
    /// corners too (2: the 8 neighbours of a picture).</param>
    /// <returns>The number of every element, and how many pieces there are.</returns>
    /// <exception cref="ArgumentException">If the mask does not fit, or there are fewer axes than that.</exception>
    public static (int[] Labels, int Count) Label(bool[] mask, MaskGrid grid, int connectivity)
    {
        grid.Require("components", mask.Length);
        if (connectivity < 1 || connectivity > grid.Dims.Count)
            throw new ArgumentException($"components: connectivity is 1 to {grid.Dims.Count}; got {connectivity}.");
        var labels = new int[mask.Length];
        var queue = new Queue<int>();
        int[][] steps = [.. Steps(grid.Dims.Count, connectivity)];
        int count = 0;
        for (int first = 0; first < mask.Length; first++)
        {
            if (!mask[first] || labels[first] != 0)
                continue;
            labels[first] = ++count;
            queue.Enqueue(first);
            while (queue.TryDequeue(out int at))
                foreach (int[] step in steps)
                    if (Neighbour(at, step, grid) is var next and >= 0 && mask[next] && labels[next] == 0)
                    {
                        labels[next] = count;
                        queue.Enqueue(next);
                    }
        }
        return (labels, count);
    }

    /// <summary>All ways to go -1, 0 or 1 along each axis, along at most so many and at least one.</summary>
    static IEnumerable<int[]> Steps(int axes, int connectivity)
    {
        for (int code = 0, all = (int)Math.Pow(3, axes); code < all; code++)
        {
            int[] step = [.. Enumerable.Range(0, axes).Select(axis => (code / (int)Math.Pow(3, axis) % 3) - 1)];
            if (step.Count(s => s != 0) is var moved && moved >= 1 && moved <= connectivity)
                yield return step;
        }
    }

    /// <summary>The element a step away; -1 outside.</summary>
    static int Neighbour(int at, int[] step, MaskGrid grid)
    {
        int stride = 1, next = at;
        for (int axis = step.Length - 1; axis >= 0; axis--)
        {
            int length = grid.Dims[axis], to = (at / stride % length) + step[axis];
            if ((uint)to >= (uint)length)
                return -1;
            next += step[axis] * stride;
            stride *= length;
        }
        return next;
    }
}
