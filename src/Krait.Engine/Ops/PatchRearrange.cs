using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>In which order the positions of an s x s patch stand in the channels.</summary>
public enum PatchOrder
{
    /// <summary>(0,0), (0,1), ... (1,0), (1,1): rows of the patch one after another.</summary>
    RowFirst,

    /// <summary>(0,0), (1,0), ... (0,1), (1,1): columns of the patch one after another.</summary>
    ColumnFirst,
}

/// <summary>
/// Patches of s x s positions become channels: [B, H, W, C] to [B, H/s, W/s, s² C]. Rows and columns beyond the last
/// whole patch are dropped.
/// </summary>
/// <remarks>Patch merging of Swin Transformer, arXiv:2103.14030, section 3.1,
/// joins its neighbours column first.</remarks>
/// <exception cref="ShapeException">The input is not [B, H, W, C], or a side is shorter than the patch.</exception>
public sealed class SpaceToDepth : Op
{
    readonly int _side;
    readonly PatchOrder _order;

    SpaceToDepth(Value x, int side, PatchOrder order)
    {
        (_side, _order) = (side, order);
        Require(x.Shape.Rank == 4, "the input is [B, H, W, C]", x.Shape);
        (_, int h, int w) = x.Shape.Spatial;
        Require(h >= side && w >= side, $"both sides hold a patch of {side}", x.Shape);
        Bind(x.Program, [x], [new Shape(x.Shape[0], h / side, w / side, x.Shape.Width * side * side)]);
    }

    public static Value Apply(Value x, int side = 2, PatchOrder order = PatchOrder.ColumnFirst) =>
        x.Program.Append(new SpaceToDepth(x, side, order)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!;
        if (gradients.Needs(x))
            gradients.Add(x, DepthToSpace.Apply(gradients.OrZero(Outputs[0]), _side, _order, x.Shape));
    }

    public override void Run(Device device, in Frame frame) =>
        device.SpaceToDepth(frame[Inputs[0]], Inputs[0]!.Shape, _side, _order, frame[Outputs[0]]);
}

/// <summary>
/// Channels become patches of s x s positions: [B, H, W, s² C] to [B, s H, s W, C]; the inverse of
/// <see cref="SpaceToDepth"/>.
/// </summary>
/// <remarks>Patch expanding of Swin-Unet, arXiv:2105.05537, section 3.5, reads its channels row first.</remarks>
/// <exception cref="ShapeException">The input is not [B, H, W, C] with C a multiple of s².</exception>
public sealed class DepthToSpace : Op
{
    readonly int _side;
    readonly PatchOrder _order;

    DepthToSpace(Value x, int side, PatchOrder order, Shape? target)
    {
        (_side, _order) = (side, order);
        Require(x.Shape.Rank == 4 && x.Shape.Width % (side * side) == 0,
            $"the input is [B, H, W, C] with C a multiple of {side * side}", x.Shape);
        (_, int h, int w) = x.Shape.Spatial;
        Shape y = target ?? new Shape(x.Shape[0], h * side, w * side, x.Shape.Width / (side * side));
        Require(y[1] / side == h && y[2] / side == w, "the target has the same whole patches", x.Shape, y);
        Bind(x.Program, [x], [y]);
    }

    /// <param name="target">A shape with up to s - 1 further rows and columns, which get zeros; null: none.</param>
    public static Value Apply(Value x, int side, PatchOrder order = PatchOrder.RowFirst, Shape? target = null) =>
        x.Program.Append(new DepthToSpace(x, side, order, target)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override void Differentiate(Gradients gradients)
    {
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], SpaceToDepth.Apply(gradients.OrZero(Outputs[0]), _side, _order));
    }

    public override void Run(Device device, in Frame frame) =>
        device.DepthToSpace(frame[Inputs[0]], Outputs[0].Shape, _side, _order, frame[Outputs[0]]);
}
