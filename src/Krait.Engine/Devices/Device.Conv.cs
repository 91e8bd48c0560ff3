namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>Copies a convolution's weight into the order in which <see cref="Conv"/> reads it.</summary>
    /// <param name="shape">The direction that is going to be run: forward, or <see cref="ConvShape.Adjoint"/>.</param>
    /// <param name="weight">[taps, I, O] rows as <see cref="ConvShape"/> says.</param>
    /// <param name="packed">Room for the device's own order.</param>
    public abstract void PackConv(ConvShape shape, Rows weight, Rows packed);

    /// <summary>y = convolution of x, direct or transposed, + bias.</summary>
    /// <param name="shape">Extents, strides and which of the two sums.</param>
    /// <param name="x">One row a pixel, all input channels.</param>
    /// <param name="packed">As <see cref="PackConv"/> leaves it.</param>
    /// <param name="bias">[O], or none.</param>
    /// <param name="y">One row a pixel, all output channels.</param>
    public abstract void Conv(ConvShape shape, Rows x, Rows packed, Rows bias, Rows y);

    /// <summary>dw = the gradient of the weight, in its own layout.</summary>
    /// <param name="shape">The forward direction.</param>
    /// <param name="x">One row a pixel.</param>
    /// <param name="dy">One row an output pixel.</param>
    /// <param name="partials">[<see cref="ConvGradientParts"/>, weight] room for partial sums, or none.</param>
    /// <param name="dw">The weight's shape, dense.</param>
    public abstract void ConvGradient(ConvShape shape, Rows x, Rows dy, Rows partials, Rows dw);

    /// <summary>Parts in which <see cref="ConvGradient"/> sums over pixels: a function of the shape alone.</summary>
    public static int ConvGradientParts(ConvShape shape)
    {
        long weight = shape.Taps * shape.GroupInputs * shape.OutputChannels;
        long pixels = shape.Batch * (shape.IsTransposed ? shape.Input.Count : shape.Output.Count);
        return (int)Math.Clamp(Math.Min((1L << 20) / weight, pixels / 512), 1, 8);
    }
}
