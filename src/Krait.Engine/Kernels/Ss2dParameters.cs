namespace Krait.Engine.Kernels;

/// <summary>The parameters of SS2D's core, or their gradients; dense, in the published order.</summary>
/// <param name="dtWeight">[4, D, R].</param>
/// <param name="dtBias">[4, D].</param>
/// <param name="aLogs">[4 D, N].</param>
/// <param name="ds">[4 D].</param>
public readonly unsafe struct Ss2dParameters(float* dtWeight, float* dtBias, float* aLogs, float* ds)
{
    public readonly float* DtWeight = dtWeight;
    public readonly float* DtBias = dtBias;
    public readonly float* ALogs = aLogs;
    public readonly float* Ds = ds;
}
