using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// A window of the spatial axes: y[p] = x[p + begin], and 0 where that lies outside x. So it crops, pads with zeros, or
/// does both: [B, (D,) (H,) W, C] to the same rank and channels. The gradient is the opposite window.
/// </summary>
/// <exception cref="ShapeException">The input has no spatial axes.</exception>
public sealed class Window : Op
{
    readonly (int D, int H, int W) _begin;

    Window(Value x, (int D, int H, int W) begin, (int D, int H, int W) size)
    {
        Require(x.Shape.Rank is >= 3 and <= 5, "the input is [B, spatial..., C]", x.Shape);
        _begin = begin;
        Bind(x.Program, [x], [x.Shape.WithSpatial(size.D, size.H, size.W)]);
    }

    /// <param name="begin">Position of x that comes first in y; negative: so many zeros before it.</param>
    /// <param name="size">Positions of y.</param>
    public static Value Apply(Value x, (int D, int H, int W) begin, (int D, int H, int W) size) =>
        begin == default && size == x.Shape.Spatial
            ? x
            : x.Program.Append(new Window(x, begin, size)).Outputs[0];

    internal (int D, int H, int W) Begin => _begin;

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!;
        if (gradients.Needs(x))
            gradients.Add(x, Apply(gradients.OrZero(Outputs[0]), (-_begin.D, -_begin.H, -_begin.W), x.Shape.Spatial));
    }

    public override void Run(Device device, in Frame frame) =>
        device.Window(frame[Inputs[0]], Inputs[0]!.Shape, _begin, Outputs[0].Shape, frame[Outputs[0]]);
}
