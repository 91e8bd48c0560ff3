namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>
    /// y = x / (1 - rate) where the draw of the element keeps it, else 0. Samples share the rows evenly.
    /// </summary>
    public abstract void Dropout(Rows x, int samples, RandomStreams streams, float rate, Rows y);

    /// <summary>y[sample] = 1 / (1 - rate) where the draw of the sample keeps it, else 0.</summary>
    public abstract void DropPathScale(RandomStreams streams, float rate, Rows y);
}
