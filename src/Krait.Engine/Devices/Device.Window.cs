namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y[p] = x[p + begin], 0 outside x; both shapes are [B, spatial..., C] of equal rank,
    /// batch and channels.</summary>
    public abstract void Window(Rows x, Shape xShape, (int D, int H, int W) begin, Shape yShape, Rows y);
}
