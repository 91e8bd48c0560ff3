namespace Krait.Engine.Kernels;

/// <summary>Rows become columns. Exact: only copies.</summary>
public static unsafe class Transpose
{
    /// <summary>Rows of x that are read together, so that a line of y is written in one go.</summary>
    const int Tile = 16;

    /// <summary>y[c - first, r] = x[r, c] for columns first to last of x.</summary>
    public static void Forward(float* x, long xStride, long rows, int first, int last, long yStride, float* y)
    {
        for (long r0 = 0; r0 < rows; r0 += Tile)
        {
            long r1 = Math.Min(rows, r0 + Tile);
            for (int c = first; c < last; c++)
            {
                float* to = y + ((c - first) * yStride);
                for (long r = r0; r < r1; r++)
                    to[r] = x[(r * xStride) + c];
            }
        }
    }
}
