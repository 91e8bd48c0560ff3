namespace Krait.Engine.Kernels;

/// <summary>The parameters of SS2D's core, or their gradients, in the published order; rows may have gaps.</summary>
/// <param name="dtWeight">[4, D, R], rows of R.</param>
/// <param name="dtWeightStride">Floats between its rows.</param>
/// <param name="dtBias">[4, D], rows of D.</param>
/// <param name="dtBiasStride">Floats between its rows.</param>
/// <param name="aLogs">[4 D, N], rows of N.</param>
/// <param name="aLogsStride">Floats between its rows.</param>
/// <param name="ds">[4 D].</param>
public readonly unsafe struct Ss2dParameters(float* dtWeight, long dtWeightStride, float* dtBias, long dtBiasStride,
    float* aLogs, long aLogsStride, float* ds)
{
    public readonly float* Ds = ds;

    /// <summary>R numbers of a direction and channel of all 4 D.</summary>
    public float* DtWeight(long row) => dtWeight + (row * dtWeightStride);

    /// <summary>D numbers of a direction.</summary>
    public float* DtBias(int direction) => dtBias + (direction * dtBiasStride);

    /// <summary>N numbers of a direction and channel of all 4 D.</summary>
    public float* ALogs(long row) => aLogs + (row * aLogsStride);

    /// <summary>Dense tensors one after the other, as the partial sums of a sample lie.</summary>
    public static Ss2dParameters OneAfterAnother(in Ss2dShape shape, float* p)
    {
        float* bias = p + (4L * shape.D * shape.R);
        float* logs = bias + (4L * shape.D);
        return new Ss2dParameters(p, shape.R, bias, shape.D, logs, shape.N, logs + (4L * shape.D * shape.N));
    }
}
