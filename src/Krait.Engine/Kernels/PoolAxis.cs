namespace Krait.Engine.Kernels;

/// <summary>The windows of a pooling along one axis.</summary>
/// <param name="Input">Extent of the input.</param>
/// <param name="Output">Extent of the output.</param>
/// <param name="Kernel">Taps of a window; 0 for an adaptive pooling, whose windows share the input out evenly.</param>
public readonly record struct PoolAxis(int Input, int Output, int Kernel, int Stride, int Padding, int Dilation)
{
    public static PoolAxis Adaptive(int input, int output) => new(input, output, 0, 0, 0, 1);

    /// <summary>
    /// Output extent of a window that slides: floor, or ceil without windows that start in the padding.
    /// </summary>
    public static PoolAxis Sliding(int input, int kernel, int stride, int padding, int dilation, bool ceil)
    {
        int room = input + (2 * padding) - (dilation * (kernel - 1)) - 1;
        int output = room < 0 ? 0 : ((room + (ceil ? stride - 1 : 0)) / stride) + 1;
        if (ceil && (output - 1) * stride >= input + padding)
            output--;
        return new(input, output, kernel, stride, padding, dilation);
    }

    /// <summary>Whether no two windows share a cell.</summary>
    public bool IsApart => Kernel > 0 && Stride > (Kernel - 1) * Dilation;

    /// <summary>First tap of window <paramref name="o"/> that lies in the input.</summary>
    public int Begin(int o)
    {
        if (Kernel == 0)
            return (int)((long)o * Input / Output);
        int start = (o * Stride) - Padding;
        return start >= 0 ? start : start + ((-start + Dilation - 1) / Dilation * Dilation);
    }

    /// <summary>Just beyond the last tap of window <paramref name="o"/> that lies in the input.</summary>
    public int End(int o) => Kernel == 0
        ? (int)((((long)o + 1) * Input + Output - 1) / Output)
        : Math.Min(Input, (o * Stride) - Padding + ((Kernel - 1) * Dilation) + 1);

    /// <summary>Taps of window <paramref name="o"/> that lie in the input.</summary>
    public int Taps(int o) => Math.Max(0, (End(o) - Begin(o) + Dilation - 1) / Dilation);

    /// <summary>What an average divides by: padding counts, what lies beyond it does not.</summary>
    public int Divisor(int o) => Kernel == 0
        ? End(o) - Begin(o)
        : Math.Min(Input + Padding, (o * Stride) - Padding + Kernel) - ((o * Stride) - Padding);
}
