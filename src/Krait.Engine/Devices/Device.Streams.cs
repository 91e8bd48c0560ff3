namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = number.</summary>
    public abstract void Fill(Rows y, float number);

    /// <summary>y = x; equal counts and widths.</summary>
    public abstract void Copy(Rows x, Rows y);

    /// <summary>y = a + b; y may lie where a or b lies.</summary>
    public abstract void Add(Rows a, Rows b, Rows y);
}
