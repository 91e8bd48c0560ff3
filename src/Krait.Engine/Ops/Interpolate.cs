using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

public enum InterpolateMode
{
    /// <summary>Cell floor(o * in / out).</summary>
    Nearest,

    /// <summary>Linear along each spatial axis (bilinear, trilinear).</summary>
    Linear,
}

/// <summary>
/// Resizes the spatial axes. Corner rules of linear: aligned, o (in - 1) / (out - 1); else (o + 1/2) in / out - 1/2,
/// at least 0.
/// </summary>
/// <exception cref="ShapeException">x has no spatial axis, or an axis that x lacks is given an extent.</exception>
public sealed class Interpolate : Op
{
    readonly InterpolateMode _mode;
    readonly InterpolateAxis _depth, _height, _across;

    Interpolate(Value x, InterpolateMode mode, InterpolateAxis depth, InterpolateAxis height, InterpolateAxis across)
    {
        (_mode, _depth, _height, _across) = (mode, depth, height, across);
        Require(depth.Output > 0 && height.Output > 0 && across.Output > 0, "extents are at least 1", x.Shape);
        Require((x.Shape.Rank == 5 || depth.Output == 1) && (x.Shape.Rank >= 4 || height.Output == 1)
            && x.Shape.Rank >= 3, "x has the axes that are resized", x.Shape);
        Bind(x.Program, [x], [x.Shape.WithSpatial(depth.Output, height.Output, across.Output)]);
    }

    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="size">Extents of the output; 1 for axes that x lacks.</param>
    /// <param name="mode">Nearest or linear.</param>
    /// <param name="alignCorners">The corner rule of linear.</param>
    public static Value Apply(Value x, (int D, int H, int W) size, InterpolateMode mode, bool alignCorners = false)
    {
        (int d, int h, int w) = x.Shape.Spatial;
        InterpolateAxis Axis(int from, int to) =>
            InterpolateAxis.Of(from, to, mode == InterpolateMode.Nearest, alignCorners);
        return x.Program.Append(new Interpolate(x, mode, Axis(d, size.D), Axis(h, size.H), Axis(w, size.W))).Outputs[0];
    }

    /// <summary>
    /// Extents floor(in * factor), positions from the factor itself, as the reference framework has it.
    /// </summary>
    public static Value ApplyScaled(Value x, (double D, double H, double W) factor, InterpolateMode mode,
        bool alignCorners = false)
    {
        (int d, int h, int w) = x.Shape.Spatial;
        InterpolateAxis Axis(int from, double by) => InterpolateAxis.Of(from, (int)Math.Floor(from * by),
            mode == InterpolateMode.Nearest, alignCorners, by);
        return x.Program.Append(new Interpolate(x, mode, Axis(d, factor.D), Axis(h, factor.H), Axis(w, factor.W)))
            .Outputs[0];
    }

    /// <summary>Depth, height, width.</summary>
    internal InterpolateAxis[] Axes => [_depth, _height, _across];

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], dy.Program.Append(
                new InterpolateBackward(dy, Inputs[0]!.Shape, _depth, _height, _across)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Interpolate(frame[Inputs[0]], _depth, _height, _across, frame[Outputs[0]]);
}

/// <summary>dx of <see cref="Interpolate"/>.</summary>
sealed class InterpolateBackward : Op
{
    readonly InterpolateAxis _depth, _height, _across;

    internal InterpolateBackward(Value dy, Shape shape, InterpolateAxis depth, InterpolateAxis height,
        InterpolateAxis across)
    {
        (_depth, _height, _across) = (depth, height, across);
        Bind(dy.Program, [dy], [shape]);
    }

    public override Cost Cost => Cost.Streaming(this);

    public override void Run(Device device, in Frame frame) =>
        device.InterpolateBackward(frame[Inputs[0]], _depth, _height, _across, frame[Outputs[0]]);
}
