namespace Krait.Engine.Kernels;

/// <summary>Class numbers to one channel a class.</summary>
public static unsafe class OneHot
{
    /// <summary>y[r, k] = 1 where labels[r] is k, else 0.</summary>
    public static void Forward(float* labels, long labelStride, long rows, int classes, float* y, long yStride)
    {
        for (long r = 0; r < rows; r++)
        {
            new Span<float>(y + (r * yStride), classes).Clear();
            float label = labels[r * labelStride];
            if (label >= 0 && label < classes)
                y[(r * yStride) + (int)label] = 1f;
        }
    }
}
