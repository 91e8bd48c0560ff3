namespace Krait.Engine.Kernels;

/// <summary>
/// The operands of one register tile: y[R, W] = init + sum over segments and k of a[R, k] b[k, W] + scale add.
/// </summary>
/// <remarks>
/// A matrix product has one segment. A convolution has one for each row of taps: the input is read in place from
/// <see cref="A"/> + <see cref="Offsets"/>[s], and the packed weights of the segments follow each other in
/// <see cref="B"/>. Strides count floats.
/// </remarks>
internal unsafe struct MatMulTileArgs
{
    /// <summary>Element (i, k) of segment s lies at A[Offsets[s] + i RowStride + k StepStride].</summary>
    public float* A;
    public long RowStride;

    /// <summary>Whether each tile asks for the next one's rows of A, because nobody has read them before.</summary>
    public bool IsFirst;
    public long StepStride;

    /// <summary>Steps k of each segment.</summary>
    public long Steps;

    /// <summary>Start of each segment in A; null where there is one, at 0.</summary>
    public long* Offsets;
    public long Segments;

    /// <summary>Packed panel: step k of the tile lies at B[k BStride], usually 2 * lanes apart.</summary>
    public float* B;
    public long BStride;

    /// <summary>One row of 2 * lanes values that every accumulator starts from (the bias), or null for zero.</summary>
    public float* Init;

    /// <summary>Rows that are added at the end (y itself to accumulate), or null.</summary>
    public float* Add;
    public long AddStride;

    /// <summary>The number that those rows are multiplied by; null: 1.</summary>
    public float* AddScale;

    public float* Y;
    public long YStride;
}
