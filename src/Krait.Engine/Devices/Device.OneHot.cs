namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y[r, k] = 1 where labels[r] is k, else 0.</summary>
    public abstract void OneHot(Rows labels, Rows y);
}
