namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = f(x); <paramref name="parameter"/> is the slope of a leaky ReLU. y may lie where x lies.</summary>
    public abstract void Activate(Activation activation, float parameter, Rows x, Rows y);

    /// <summary>dx = (addend +) dy f'(x); dx may lie where any operand lies.</summary>
    public abstract void ActivateBackward(Activation activation, float parameter, Rows x, Rows dy, Rows addend,
        Rows dx);

    /// <summary>y = scale * x + shift.</summary>
    public abstract void Affine(Rows x, float scale, float shift, Rows y);

    /// <summary>
    /// y = f(a, b). Row r of a meets row (r / repeat) % b.Count of b; where b is one wide and a is wider, its number
    /// meets the whole row. y may lie where a lies, and where b lies if their shapes are equal.
    /// </summary>
    public abstract void Binary(BinaryKind kind, Rows a, Rows b, long repeat, Rows y);

    /// <summary>y = x + scale of the sample * f; scale has one row of one number a sample.</summary>
    public abstract void AddScaled(Rows x, Rows f, Rows scale, Rows y);

    /// <summary>
    /// y = scale * sum of x, or of x * times where that exists, over everything that y has one of: rows r with the same
    /// (r / repeat) % y.Count, and the columns where y is one wide.
    /// </summary>
    public abstract void Reduce(Rows x, Rows times, long repeat, float scale, Rows y);

    /// <summary>y = the largest number of each row.</summary>
    public abstract void RowMax(Rows x, Rows y);

    /// <summary>dx = dy at the first place of the row's largest number y, else 0.</summary>
    public abstract void RowMaxBackward(Rows x, Rows y, Rows dy, Rows dx);
}
