namespace Krait.Engine.Kernels;

/// <summary>Keeps numbers with probability 1 - rate and scales them by 1 / (1 - rate); the draw is a pure function of
/// the stream and the element's number, so the backward pass draws the same again.</summary>
public static unsafe class Dropout
{
    const int Block = 256;

    /// <param name="random">Stream of the sample.</param>
    /// <param name="first">Number of the run's first element within the sample.</param>
    public static void Forward(CounterRng random, ulong first, float rate, float* x, long count, float* y)
    {
        float* uniform = stackalloc float[Block];
        float scale = 1f / (1f - rate);
        for (long i = 0; i < count; i += Block)
        {
            int n = (int)Math.Min(Block, count - i);
            random.FillUniform(first + (ulong)i, new Span<float>(uniform, n));
            for (int k = 0; k < n; k++)
                y[i + k] = uniform[k] >= rate ? x[i + k] * scale : 0f;
        }
    }
}
