using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

/// <summary>The parameters of SS2D's core, or their gradients: [4, D, R], [4, D], [4 D, N], [4 D].</summary>
public readonly record struct Ss2dRows(Rows DtWeight, Rows DtBias, Rows ALogs, Rows Ds);

public abstract partial class Device
{
    /// <summary>
    /// y = sum of the four selective scans; or each of them, where y has four times the rows of x.
    /// <paramref name="states"/> keeps what the backward needs, unless it is missing.
    /// </summary>
    public abstract void Ss2d(in Ss2dShape shape, Rows x, Rows projection, in Ss2dRows parameters, Rows states, Rows y);

    /// <summary>
    /// Gradients of <see cref="Ss2d"/>. The partial sums are scratch: of the projection's gradient, one per further task
    /// of a sample ([tasks - 1] times its rows), and of the parameters' gradients, one row per sample.
    /// </summary>
    public abstract void Ss2dBackward(in Ss2dShape shape, Rows x, Rows projection, in Ss2dRows parameters, Rows states,
        Rows dy, Rows projectionPartials, Rows parameterPartials, Rows dx, Rows dProjection, in Ss2dRows dParameters);
}
