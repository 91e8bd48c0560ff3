using System.Runtime.CompilerServices;

namespace Krait.Engine.Kernels;

/// <summary>Where output positions of an interpolation lie along one axis of the input.</summary>
/// <param name="Scale">Input cells per output cell, or per output gap where corners are aligned.</param>
/// <param name="IsNearest">One neighbour instead of two.</param>
/// <param name="AlignCorners">The centres of the first and the last cells meet; else their outer edges do.</param>
/// <remarks>Positions are float32, as in the reference framework, so that nearest picks the same neighbour.</remarks>
public readonly record struct InterpolateAxis(int Input, int Output, float Scale, bool IsNearest, bool AlignCorners)
{
    /// <param name="input">Extent of the input.</param>
    /// <param name="output">Extent of the output.</param>
    /// <param name="isNearest">One neighbour instead of two.</param>
    /// <param name="alignCorners">See <see cref="AlignCorners"/>; without meaning for nearest.</param>
    /// <param name="factor">The factor that the output extent was made with; 0: the ratio of the extents.</param>
    public static InterpolateAxis Of(int input, int output, bool isNearest, bool alignCorners, double factor = 0)
    {
        float scale = alignCorners && !isNearest
            ? output > 1 ? (float)(input - 1) / (output - 1) : 0f
            : factor > 0 ? (float)(1.0 / factor) : (float)input / output;
        return new(input, output, scale, isNearest, alignCorners);
    }

    /// <summary>
    /// First neighbour of output <paramref name="o"/>; the second is one further where its weight is not 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Source(int o, out float weight)
    {
        weight = 0f;
        if (IsNearest)
            return Math.Min((int)(o * Scale), Input - 1);
        float at = AlignCorners ? o * Scale : MathF.Max(((o + 0.5f) * Scale) - 0.5f, 0f);
        int first = Math.Min((int)at, Input - 1);
        if (first < Input - 1)
            weight = at - first;
        return first;
    }
}
