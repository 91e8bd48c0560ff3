namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y[b, c, r] = x[b, r, c]: x has batch times R rows of C, y batch times C rows of R.</summary>
    public abstract void Transpose(Rows x, int batch, Rows y);
}
