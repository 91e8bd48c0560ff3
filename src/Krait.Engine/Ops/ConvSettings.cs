namespace Krait.Engine.Ops;

/// <summary>Stride, padding and groups of a convolution; the kernel's extents are those of its weight.</summary>
/// <param name="Stride">Depth, height, width; axes that the input lacks are 1.</param>
/// <param name="Pad">Zeros before and behind each axis; axes that the input lacks are 0.</param>
/// <param name="OutputPad">Rows that a transposed convolution adds behind each axis.</param>
/// <param name="Groups">Groups of channels that do not see each other.</param>
public readonly record struct ConvSettings(Extent3 Stride, Extent3 Pad, Extent3 OutputPad, int Groups)
{
    public ConvSettings(int stride = 1, int pad = 0, int groups = 1)
        : this(new Extent3(stride, stride, stride), new Extent3(pad, pad, pad), default, groups)
    {
    }

    /// <summary>From settings of one, two or three axes, as torch lists them; none stands for 1, 0 and 0.</summary>
    public static ConvSettings Of(
        ReadOnlySpan<int> stride = default, ReadOnlySpan<int> pad = default, ReadOnlySpan<int> outputPad = default,
        int groups = 1) =>
        new(Fill(stride, 1), Fill(pad, 0), Fill(outputPad, 0), groups);

    static Extent3 Fill(ReadOnlySpan<int> axes, int missing) => axes.Length switch
    {
        0 => new(missing, missing, missing),
        1 => new(missing, missing, axes[0]),
        2 => new(missing, axes[0], axes[1]),
        _ => new(axes[0], axes[1], axes[2]),
    };

    /// <summary>Stride 1 and no padding along axes that a value of this rank lacks.</summary>
    internal ConvSettings ForRank(int rank) => this with
    {
        Stride = Keep(Stride, rank, 1),
        Pad = Keep(Pad, rank, 0),
        OutputPad = Keep(OutputPad, rank, 0),
    };

    static Extent3 Keep(Extent3 e, int rank, int missing) =>
        new(rank >= 5 ? e.D : missing, rank >= 4 ? e.H : missing, e.W);
}
