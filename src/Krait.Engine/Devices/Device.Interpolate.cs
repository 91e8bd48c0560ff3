using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = x at the positions that the axes describe; samples follow from the row counts.</summary>
    public abstract void Interpolate(Rows x, InterpolateAxis depth, InterpolateAxis height, InterpolateAxis across,
        Rows y);

    /// <summary>Gradient of <see cref="Interpolate"/>.</summary>
    public abstract void InterpolateBackward(Rows dy, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across, Rows dx);
}
