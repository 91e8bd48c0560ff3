using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

/// <summary>Operands of a selective scan, or their gradients; those from Skip on may be missing.</summary>
public readonly record struct SelectiveScanRows(Rows U, Rows Delta, Rows A, Rows B, Rows C, Rows Skip, Rows Gate,
    Rows DeltaBias, Rows StepWeight);

public abstract partial class Device
{
    /// <summary>
    /// y and the last state of a selective scan. <paramref name="states"/> keeps what the backward needs, unless it is
    /// missing. A scan that continues starts from what lies in <paramref name="last"/>, not from 0.
    /// </summary>
    public abstract void SelectiveScan(in SelectiveScanShape shape, bool softplus, in SelectiveScanRows x, Rows states,
        Rows y, Rows last, bool continues = false);

    /// <summary>
    /// Gradients of <see cref="SelectiveScan"/>. The partial sums are scratch: of dB, dC and, with a step weight, ddelta
    /// side by side, one per further task of a group ([tasks - 1] times their rows); and of the gradients of A, skip,
    /// bias and step weight, one row per sample.
    /// </summary>
    public abstract void SelectiveScanBackward(in SelectiveScanShape shape, bool softplus, in SelectiveScanRows x,
        Rows states, Rows dy, Rows dLast, Rows couplePartials, Rows parameterPartials, in SelectiveScanRows dx);
}
