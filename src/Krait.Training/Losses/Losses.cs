using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training;

/// <summary>
/// Losses on logits, as values of shape [1] of the program that made the logits. Targets of one foreground class are
/// values from 0 to 1 of the logits' shape [B, ..., C]; targets of several classes are class numbers [B, ..., 1].
/// </summary>
/// <remarks>
/// The papers write the same losses on probabilities; <see cref="ProbabilityLosses"/> has that form. Both agree, but on
/// logits nothing saturates: log(sigmoid(x)) is computed as -softplus(-x).
/// </remarks>
public static class Losses
{
    /// <summary>
    /// Binary cross-entropy, mean over all elements: -(t log s(x) + (1 - t) log(1 - s(x))), s the sigmoid.
    /// </summary>
    /// <param name="logits">[B, ..., C].</param>
    /// <param name="target">0..1, the same shape.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Value Bce(Value logits, Value target)
    {
        RequireSame("bce", logits, target);
        return BceWithLogits.Apply(logits, target);
    }

    /// <summary>
    /// Binary cross-entropy with weights: the sum of w times the terms of <see cref="Bce"/> over the sum of w, where
    /// w = t foreground + (1 - t) background.
    /// </summary>
    /// <param name="logits">[B, ..., C].</param>
    /// <param name="target">0..1, the same shape.</param>
    /// <param name="background">Weight where the target is 0.</param>
    /// <param name="foreground">Weight where the target is 1.</param>
    /// <param name="mask">[B, ..., 1]: 0 where nothing counts, else 1; null: everything counts.</param>
    /// <remarks>What the cross-entropy of two classes with weights is, written for their one logit.</remarks>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Value WeightedBce(Value logits, Value target, double background, double foreground,
        Value? mask = null)
    {
        RequireSame("bce", logits, target);
        Value weights = NnUnetLosses.Masked(
            Affine.Apply(target, (float)(foreground - background), (float)background), mask);
        return NnUnetLosses.Quotient(Binary.Apply(BinaryKind.Mul, BceTerms(logits, target), weights), weights);
    }

    /// <summary>
    /// Cross-entropy of the softmax over classes, mean over pixels: -w[t] log softmax(x)[t], divided by the sum of the
    /// pixels' weights.
    /// </summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <param name="classWeights">[K]; null: all 1.</param>
    /// <param name="ignored">Pixels of this label count nowhere.</param>
    /// <exception cref="ShapeException">Labels and logits do not fit.</exception>
    public static Value CrossEntropy(Value logits, Value labels, Value? classWeights = null,
        int ignored = Engine.Ops.CrossEntropy.DefaultIgnored)
    {
        RequireLabels("cross_entropy", logits, labels);
        return Engine.Ops.CrossEntropy.Apply(logits, labels, classWeights, ignored);
    }

    /// <summary>
    /// Soft Dice loss of the sigmoid, per sample and then averaged: 1 - (2 sum(p t) + e) / (sum p + sum t + e).
    /// </summary>
    /// <param name="logits">[B, ..., C]; the sums run over everything but B.</param>
    /// <param name="target">0..1, the same shape.</param>
    /// <param name="smooth">e, which also decides what an empty picture costs.</param>
    /// <remarks>Milletari et al., V-Net, arXiv:1606.04797, without squares; VM-UNet, arXiv:2402.02491, Eq.
    /// (8).</remarks>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Value Dice(Value logits, Value target, double smooth = 1)
    {
        RequireSame("dice", logits, target);
        return ProbabilityLosses.Dice(Activate.Apply(logits, Activation.Sigmoid), target, smooth);
    }

    /// <summary>bceWeight * BCE + diceWeight * Dice, the loss of VM-UNet and VM-UNetV2 for one foreground
    /// class.</summary>
    /// <param name="logits">[B, ..., C].</param>
    /// <param name="target">0..1, the same shape.</param>
    /// <remarks>VM-UNet, arXiv:2402.02491, Eq. (6); both weights are 1 there.</remarks>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Value BceDice(Value logits, Value target, double bceWeight = 1, double diceWeight = 1,
        double smooth = 1) =>
        Weighted((Bce(logits, target), bceWeight), (Dice(logits, target, smooth), diceWeight));

    /// <summary>
    /// Soft Dice loss of the softmax, per class over the whole batch and averaged over all classes, background among
    /// them: 1 - (2 sum(p t) + e) / (sum p² + sum t² + e).
    /// </summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <param name="smooth">e; a class that is nowhere and not predicted costs nothing.</param>
    /// <remarks>
    /// TransUNet, arXiv:2102.04306, and VM-UNet for Synapse. Micro-batches change it: its sums span the batch, so
    /// accumulating gradients over parts of a batch gives the mean of the parts' losses.
    /// </remarks>
    /// <exception cref="ShapeException">Labels and logits do not fit.</exception>
    public static Value MultiClassDice(Value logits, Value labels, double smooth = 1e-5)
    {
        RequireLabels("dice", logits, labels);
        return ProbabilityLosses.MultiClassDice(Softmax.Apply(logits), OneHot.Apply(labels, logits.Shape.Width),
            smooth);
    }

    /// <summary>ceWeight * CE + diceWeight * MultiClassDice, the loss of VM-UNet for several classes.</summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <remarks>
    /// VM-UNet, arXiv:2402.02491, Eq. (7). Parity: the published class has 0.4 and 0.6 as defaults, its configuration
    /// for Synapse sets 1 and 1.
    /// </remarks>
    /// <exception cref="ShapeException">Labels and logits do not fit.</exception>
    public static Value CeDice(Value logits, Value labels, double ceWeight = 1, double diceWeight = 1,
        double smooth = 1e-5, Value? classWeights = null) =>
        Weighted((CrossEntropy(logits, labels, classWeights), ceWeight),
            (MultiClassDice(logits, labels, smooth), diceWeight));

    /// <summary>Sum of losses times their weights; parts of weight 0 are left out.</summary>
    /// <exception cref="ArgumentException">No part has a weight.</exception>
    public static Value Weighted(params ReadOnlySpan<(Value Loss, double Weight)> parts)
    {
        Value? sum = null;
        foreach ((Value loss, double weight) in parts)
        {
            if (weight == 0)
                continue;
            Value part = weight == 1 ? loss : Affine.Apply(loss, (float)weight);
            sum = sum is null ? part : Add.Apply(sum, part);
        }
        return sum ?? throw new ArgumentException("loss: all parts have weight 0. Give one a weight.", nameof(parts));
    }

    /// <summary>ln(1 + e^x) - t x for every element, which is the BCE of the sigmoid.</summary>
    internal static Value BceTerms(Value logits, Value target) => Binary.Apply(BinaryKind.Sub,
        Activate.Apply(logits, Activation.Softplus), Binary.Apply(BinaryKind.Mul, target, logits));

    internal static void RequireSame(string loss, Value prediction, Value target) => ShapeException.Require(
        prediction.Shape == target.Shape, loss, "prediction and target have one shape", prediction.Shape, target.Shape);

    internal static void RequireLabels(string loss, Value logits, Value labels) => ShapeException.Require(
        labels.Shape == logits.Shape.WithWidth(1), loss, "labels are the logits' shape with one channel",
        labels.Shape, logits.Shape);
}
