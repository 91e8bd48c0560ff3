namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>Columns are packed in panels; any device's panel width divides this.</summary>
    public const int PanelColumns = 32;

    /// <summary>Copies b[K, N] into the panels that <see cref="MatMul"/> reads.</summary>
    /// <param name="b">[K, N], or [N, K] when <paramref name="transposed"/>, as torch keeps linear weights.</param>
    /// <param name="transposed">Whether b's rows are the product's columns.</param>
    /// <param name="packed">[N rounded up to <see cref="PanelColumns"/>, K]; the device's own order.</param>
    public abstract void PackPanels(Rows b, bool transposed, Rows packed);

    /// <summary>
    /// y[M, N] = f(norm(x)[M, K] b[K, N] + bias) + scale addend; y may lie where the addend lies if f is None.
    /// </summary>
    /// <param name="x">[M, K].</param>
    /// <param name="norm">What each row of x passes through first, if anything.</param>
    /// <param name="packed">b as <see cref="PackPanels"/> leaves it.</param>
    /// <param name="bias">[N], or none.</param>
    /// <param name="addend">[M, N], or none.</param>
    /// <param name="scale">One number, or none: 1; f is None then.</param>
    /// <param name="activation">f; LeakyRelu with slope 0.01.</param>
    /// <param name="y">[M, N].</param>
    public abstract void MatMul(Rows x, in RowNorm norm, Rows packed, Rows bias, Rows addend, Rows scale,
        Activation activation, Rows y);

    /// <summary>
    /// Whether a product of so many rows may norm them: it is then cut by rows alone, and each part reads all weights.
    /// </summary>
    public static bool NormsInProduct(long rows) => rows > 4000;

    /// <summary>y[M, N] = a[K, M]ᵀ b[K, N], the gradient of a weight.</summary>
    /// <param name="a">[K, M].</param>
    /// <param name="b">[K, N].</param>
    /// <param name="partials">[<see cref="MatMulSlabs"/>, M N] room for slabs of K, or none if there is one.</param>
    /// <param name="y">[M, N].</param>
    public abstract void MatMulTransposed(Rows a, Rows b, Rows partials, Rows y);

    /// <summary>The largest tile of <see cref="MatMulTransposed"/>: rows of a and b are read once for each.</summary>
    private protected const int SlabRows = 192, SlabColumns = 384;

    /// <summary>Parts in which <see cref="MatMulTransposed"/> sums over K: several where the product is small.</summary>
    public static int MatMulSlabs(long k, int m, int n)
    {
        long tiles = (m + SlabRows - 1) / SlabRows * ((n + SlabColumns - 1L) / SlabColumns);
        return (int)Math.Clamp(Math.Min((8 + tiles - 1) / tiles, k / 1024), 1, 8);
    }

    /// <summary>y[N] = sum over the rows of x[M, N].</summary>
    /// <param name="x">[M, N].</param>
    /// <param name="partials">[<see cref="ColumnSumChunks"/>, N] room for the sums of chunks.</param>
    /// <param name="y">[N].</param>
    public abstract void ColumnSum(Rows x, Rows partials, Rows y);

    /// <summary>Chunks of rows that <see cref="ColumnSum"/> sums apart: a function of the shape alone.</summary>
    public static int ColumnSumChunks(long rows, int width) =>
        checked((int)((rows + ColumnSumRows(width) - 1) / ColumnSumRows(width)));

    private protected static long ColumnSumRows(int width) => Math.Clamp((1 << 16) / width, 32, 1024);
}

/// <summary>A layer norm that rows pass through on their way into another op.</summary>
/// <param name="Eps">Added to the variance; null: there is no norm.</param>
/// <param name="Weight">[K], or none.</param>
/// <param name="Bias">[K], or none.</param>
public readonly record struct RowNorm(float? Eps, Rows Weight, Rows Bias);
