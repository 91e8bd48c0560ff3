using Krait.Engine.Ops;

namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>Patches of side² positions of x, shaped <paramref name="shape"/>, become channels of y.</summary>
    public abstract void SpaceToDepth(Rows x, Shape shape, int side, PatchOrder order, Rows y);

    /// <summary>Channels of x become patches of y, shaped <paramref name="shape"/>; the rest of y gets zeros.</summary>
    public abstract void DepthToSpace(Rows x, Shape shape, int side, PatchOrder order, Rows y);
}
