using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>
    /// y = maximum or average of the windows that the axes describe; samples follow from the row counts.
    /// </summary>
    public abstract void Pool(bool isMax, Rows x, PoolAxis depth, PoolAxis height, PoolAxis across, Rows y);

    /// <summary>Gradient of <see cref="Pool"/>; x and y matter for the maximum only (first of equal ones).</summary>
    public abstract void PoolBackward(bool isMax, Rows x, Rows y, Rows dy, PoolAxis depth, PoolAxis height,
        PoolAxis across, Rows dx);
}
