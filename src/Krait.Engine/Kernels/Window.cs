namespace Krait.Engine.Kernels;

/// <summary>One line of positions seen through a window that may begin before it and end after it. Exact:
/// only copies.</summary>
public static unsafe class Window
{
    /// <summary>y[i] = x[i + begin] for positions within [0, length), else 0; a position has some channels.</summary>
    /// <param name="x">The line; null: all of y gets zeros.</param>
    public static void Line(float* x, long xStride, int length, int begin, int count, int channels, long yStride,
        float* y)
    {
        for (int i = 0; i < count; i++, y += yStride)
        {
            var to = new Span<float>(y, channels);
            int from = i + begin;
            if (x == null || from < 0 || from >= length)
                to.Clear();
            else
                new ReadOnlySpan<float>(x + (from * xStride), channels).CopyTo(to);
        }
    }
}
