namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>y = f(depthwise convolution of x + bias), stride 1.</summary>
    /// <param name="shape">Extents and padding.</param>
    /// <param name="x">One row a pixel.</param>
    /// <param name="weight">[taps, C].</param>
    /// <param name="bias">[C], or none.</param>
    /// <param name="isReversed">Last tap first: with <see cref="DepthwiseShape.Adjoint"/> the gradient of x.</param>
    /// <param name="activation">f.</param>
    /// <param name="y">One row an output pixel.</param>
    public abstract void DepthwiseConv(
        DepthwiseShape shape, Rows x, Rows weight, Rows bias, bool isReversed, Activation activation, Rows y);

    /// <summary>dw = the gradient of the weight.</summary>
    /// <param name="shape">The forward direction.</param>
    /// <param name="x">One row a pixel.</param>
    /// <param name="dy">One row an output pixel.</param>
    /// <param name="partials">[<see cref="DepthwiseParts"/>, taps C] room for partial sums.</param>
    /// <param name="dw">[taps, C], dense.</param>
    public abstract void DepthwiseConvGradient(DepthwiseShape shape, Rows x, Rows dy, Rows partials, Rows dw);

    /// <summary>Outputs of a row that one part of the weight's gradient takes together.</summary>
    protected const int DepthwisePiece = 256;

    /// <summary>Parts in which the weight's gradient sums over rows: a function of the shape alone.</summary>
    public static int DepthwiseParts(DepthwiseShape shape) => (int)Math.Min(8L,
        (long)shape.Batch * shape.Output.D * shape.Output.H * ((shape.Output.W + DepthwisePiece - 1) / DepthwisePiece));
}
