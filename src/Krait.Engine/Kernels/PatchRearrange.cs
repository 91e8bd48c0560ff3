namespace Krait.Engine.Kernels;

/// <summary>Moves one line of s x s patches between positions and channels. Exact: only copies.</summary>
public static unsafe class PatchRearrange
{
    /// <summary>Positions of s rows of a picture, C channels each, into the channels of width / s patches.</summary>
    public static void ToDepth(float* space, long spaceStride, int width, int channels, int side, bool isColumnFirst,
        long depthStride, float* depth)
    {
        for (int patch = 0; patch < width / side; patch++)
            for (int r = 0; r < side; r++)
                for (int c = 0; c < side; c++)
                {
                    int slot = isColumnFirst ? (c * side) + r : (r * side) + c;
                    float* from = space + ((((long)r * width) + (patch * side) + c) * spaceStride);
                    new ReadOnlySpan<float>(from, channels).CopyTo(
                        new Span<float>(depth + (patch * depthStride) + (slot * channels), channels));
                }
    }

    /// <summary>
    /// Channels of patches into s rows of a picture; positions without a whole patch get zeros. With fewer than s rows
    /// (a cut last line) all get zeros.
    /// </summary>
    public static void ToSpace(float* depth, long depthStride, int rows, int width, int channels, int side,
        bool isColumnFirst, long spaceStride, float* space)
    {
        for (int r = 0; r < rows; r++)
            for (int w = 0; w < width; w++)
            {
                var to = new Span<float>(space + ((((long)r * width) + w) * spaceStride), channels);
                (int patch, int c) = Math.DivRem(w, side);
                int slot = isColumnFirst ? (c * side) + r : (r * side) + c;
                if (rows < side || patch >= width / side)
                    to.Clear();
                else
                    new ReadOnlySpan<float>(depth + (patch * depthStride) + (slot * channels), channels).CopyTo(to);
            }
    }
}
