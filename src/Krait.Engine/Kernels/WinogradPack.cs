using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>The weights of Winograd's algorithm: U = G w Gᵀ of each pair of channels, in double precision.</summary>
internal static unsafe class WinogradPack<L, V, A>
    where L : struct, ILanes<V>
    where V : struct
    where A : struct, IWinogradAxis
{
    const int Taps = 3;

    /// <summary>packed[p, point, i, j] = U[point] of input i and output p * PanelWidth + j for panels p0 to
    /// p1.</summary>
    /// <remarks>
    /// weight: 3x3 taps in the layout that <see cref="ConvShape"/> names, rows weightStride apart. A transposed
    /// convolution of stride 1 is a direct one with its taps reversed.
    /// </remarks>
    public static void Panels(ConvShape s, float* weight, long weightStride, long p0, long p1, float* packed)
    {
        int width = MatMulTile<L, V>.PanelWidth, inputs = s.InputChannels;
        bool swapped = s.IsTransposed != s.HasTransposedWeight;
        (long inputStep, long outputStep) = swapped ? (1L, weightStride) : (weightStride, 1L);
        long tapStep = s.WeightAxes.Rows * weightStride;
        if (s.IsTransposed)
        {
            weight += (Taps * Taps - 1) * tapStep;
            tapStep = -tapStep;
        }
        for (long p = p0; p < p1; p++)
            for (int i = 0; i < inputs; i++)
                for (int j = 0; j < width; j++)
                {
                    long o = p * width + j;
                    float* to = packed + ((p * Points * inputs) + i) * width + j;
                    float* from = o < s.OutputChannels ? weight + i * inputStep + o * outputStep : null;
                    One(from, tapStep, to, (long)inputs * width);
                }
    }

    static int Points => (A.Outputs + 2) * (A.Outputs + 2);

    /// <summary>All points of one pair of channels; no taps stand for zeros.</summary>
    static void One(float* taps, long tapStep, float* to, long step)
    {
        int side = A.Outputs + 2;
        double* w = stackalloc double[Taps * Taps];
        double* half = stackalloc double[side * Taps], points = stackalloc double[side * side];
        for (int t = 0; t < Taps * Taps; t++)
            w[t] = taps == null ? 0 : taps[t * tapStep];
        for (int x = 0; x < Taps; x++)
            A.Weight(w + x, Taps, half + x, Taps);
        for (int y = 0; y < side; y++)
            A.Weight(half + y * Taps, 1, points + y * side, 1);
        for (int k = 0; k < side * side; k++)
            to[k * step] = (float)points[k];
    }
}
