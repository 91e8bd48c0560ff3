using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training;

/// <summary>Losses on outputs of several resolutions, finest first.</summary>
public static class DeepSupervision
{
    /// <summary>1, 1/2, 1/4, ..., the coarsest 0 where there are more than one, divided by their sum.</summary>
    /// <remarks>nnU-Net, doi:10.1038/s41592-020-01008-z; Swin-UMamba, arXiv:2402.03302.</remarks>
    public static double[] HalvingWeights(int outputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        double[] weights = [.. Enumerable.Range(0, outputs).Select(i => Math.ScaleB(1, -i))];
        if (outputs > 1)
            weights[^1] = 0;
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }

    /// <summary>1 for the finest output, then 0.5, 0.4, 0.3, 0.2, 0.1; not normalised.</summary>
    /// <remarks>GT_BceDiceLoss of EGE-UNet, arXiv:2307.08473, and of the published VM-UNet code.</remarks>
    public static double[] FallingWeights(int outputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(outputs, 6);
        return [1, .. Enumerable.Range(1, outputs - 1).Select(i => (6 - i) / 10.0)];
    }

    /// <summary>The target at the size of each output: the nearest element,
    /// as nnU-Net's baselines were trained.</summary>
    /// <param name="target">At the finest output's size, [B, ..., C].</param>
    /// <param name="logits">Outputs, finest first.</param>
    public static IReadOnlyList<Value> Targets(Value target, IReadOnlyList<Value> logits) =>
        [.. logits.Select(x => x.Shape.Spatial == target.Shape.Spatial ? target
            : Interpolate.Apply(target, x.Shape.Spatial, InterpolateMode.Nearest))];

    /// <summary>Outputs at the target's size: bilinear or trilinear, corners aligned, as EGE-UNet has it.</summary>
    public static IReadOnlyList<Value> AtSizeOf(Value target, IReadOnlyList<Value> logits) =>
        [.. logits.Select(x => x.Shape.Spatial == target.Shape.Spatial ? x
            : Interpolate.Apply(x, target.Shape.Spatial, InterpolateMode.Linear, alignCorners: true))];

    /// <summary>sum of weight[i] * loss(logits[i], targets[i]); outputs of weight 0 take no part.</summary>
    /// <param name="targets">The target at each output's resolution.</param>
    /// <param name="loss">Such as <see cref="Losses.Bce"/>.</param>
    /// <exception cref="ShapeException">The lists differ in length.</exception>
    public static Value Apply(IReadOnlyList<Value> logits, IReadOnlyList<Value> targets, IReadOnlyList<double> weights,
        Func<Value, Value, Value> loss)
    {
        ShapeException.Require(logits.Count == targets.Count && logits.Count == weights.Count, "deep supervision",
            "one target and one weight an output", logits.Count, targets.Count, weights.Count);
        var parts = new List<(Value, double)>();
        for (int i = 0; i < logits.Count; i++)
            if (weights[i] != 0)
                parts.Add((loss(logits[i], targets[i]), weights[i]));
        return Losses.Weighted([.. parts]);
    }
}
