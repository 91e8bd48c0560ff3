using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

public enum PoolKind
{
    Max,
    Average,
}

/// <summary>
/// Maximum or average over windows of 1, 2 or 3 spatial axes. The average counts padding as zeros. Of equal maxima the
/// first in the window gets the gradient.
/// </summary>
/// <exception cref="ShapeException">A window does not fit, or the padding exceeds half of it.</exception>
public sealed class Pool : Op
{
    readonly PoolKind _kind;
    readonly PoolAxis _depth, _height, _across;

    Pool(Value x, PoolKind kind, PoolAxis depth, PoolAxis height, PoolAxis across)
    {
        (_kind, _depth, _height, _across) = (kind, depth, height, across);
        foreach (PoolAxis axis in (PoolAxis[])[depth, height, across])
            Require(axis.Output > 0 && axis.Padding * 2 <= axis.Kernel,
                "every window fits, padding is at most half of it", x.Shape, axis);
        Bind(x.Program, [x], [x.Shape.WithSpatial(depth.Output, height.Output, across.Output)]);
    }

    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="kind">Maximum or average.</param>
    /// <param name="kernel">Extents of the window, one a spatial axis; the other arrays alike.</param>
    /// <param name="stride">Null: the kernel.</param>
    /// <param name="padding">Null: 0.</param>
    /// <param name="dilation">Null: 1; for the maximum only.</param>
    /// <param name="ceil">Round the output extents up.</param>
    public static Value Apply(Value x, PoolKind kind, int[] kernel, int[]? stride = null, int[]? padding = null,
        int[]? dilation = null, bool ceil = false)
    {
        int axes = x.Shape.Rank - 2;
        ShapeException.Require(axes is >= 1 and <= 3 && kernel.Length == axes, "pool",
            "one kernel extent a spatial axis", x.Shape, $"[{string.Join(", ", kernel)}]");
        PoolAxis Axis(int fromLast)
        {
            int i = axes - 1 - fromLast;
            return i < 0
                ? PoolAxis.Sliding(1, 1, 1, 0, 1, false)
                : PoolAxis.Sliding(x.Shape[i + 1], kernel[i], (stride ?? kernel)[i], padding?[i] ?? 0,
                    dilation?[i] ?? 1, ceil);
        }
        return x.Program.Append(new Pool(x, kind, Axis(2), Axis(1), Axis(0))).Outputs[0];
    }

    /// <summary>
    /// Windows that share the input out evenly among the given output extents: <see cref="AdaptivePool"/>.
    /// </summary>
    internal static Value ApplyAdaptive(Value x, PoolKind kind, (int D, int H, int W) size)
    {
        (int d, int h, int w) = x.Shape.Spatial;
        return x.Program.Append(new Pool(x, kind, PoolAxis.Adaptive(d, size.D), PoolAxis.Adaptive(h, size.H),
            PoolAxis.Adaptive(w, size.W))).Outputs[0];
    }

    internal PoolKind Kind => _kind;

    /// <summary>Depth, height, width.</summary>
    internal PoolAxis[] Axes => [_depth, _height, _across];

    public override string Name => $"{_kind}Pool";

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!, dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(x))
            gradients.Add(x, dy.Program.Append(new PoolBackward(x, Outputs[0], dy, _kind, _depth, _height, _across))
                .Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) => device.Pool(_kind == PoolKind.Max, frame[Inputs[0]],
        _depth, _height, _across, frame[Outputs[0]]);
}

/// <summary>
/// Pooling to given extents: window i of n over an axis of m is [floor(i m / n), ceil((i + 1) m / n)).
/// </summary>
/// <exception cref="ShapeException">x has no spatial axis.</exception>
public static class AdaptivePool
{
    public static Value Apply(Value x, PoolKind kind, (int D, int H, int W) size) =>
        Pool.ApplyAdaptive(x, kind, size);
}

/// <summary>dx of <see cref="Pool"/>.</summary>
sealed class PoolBackward : Op
{
    readonly PoolKind _kind;
    readonly PoolAxis _depth, _height, _across;

    internal PoolBackward(Value x, Value y, Value dy, PoolKind kind, PoolAxis depth, PoolAxis height, PoolAxis across)
    {
        (_kind, _depth, _height, _across) = (kind, depth, height, across);
        Bind(x.Program, kind == PoolKind.Max ? [dy, x, y] : [dy], [x.Shape]);
    }

    public override string Name => $"{_kind}PoolBackward";

    public override Cost Cost => Cost.Streaming(this);

    public override void Run(Device device, in Frame frame) => device.PoolBackward(_kind == PoolKind.Max,
        Inputs.Count > 1 ? frame[Inputs[1]] : default, Inputs.Count > 1 ? frame[Inputs[2]] : default,
        frame[Inputs[0]], _depth, _height, _across, frame[Outputs[0]]);
}
