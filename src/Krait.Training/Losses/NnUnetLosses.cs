using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training;

/// <summary>How nnU-Net takes its Dice score.</summary>
public sealed record SoftDiceSettings
{
    /// <summary>Sums span the batch; else every sample has a score of its own.</summary>
    public bool IsBatch { get; init; }

    /// <summary>Class 0 counts like any other; else it is left out of the mean.</summary>
    public bool HasBackground { get; init; }

    /// <summary>Added to numerator and denominator.</summary>
    public double Smooth { get; init; } = 1e-5;
}

/// <summary>
/// The compound losses of nnU-Net on logits, as values of shape [1]: a pixel loss plus the <b>negative</b> Dice score,
/// so that a perfect prediction has the loss -1 and not 0.
/// </summary>
/// <remarks>
/// Isensee et al., doi:10.1038/s41592-020-01008-z, and its published code. With <see cref="SoftDiceSettings.IsBatch"/>
/// the sums span the batch, so gradients accumulated over parts of a batch belong to the mean of the parts' losses.
/// </remarks>
public static class NnUnetLosses
{
    /// <summary>The published code keeps denominators above this.</summary>
    const float LeastDenominator = 1e-8f;

    /// <summary>
    /// - mean over classes (and samples) of (2 sum(p t) + e) / max(sum p + sum t + e, 1e-8).
    /// </summary>
    /// <param name="probabilities">p, [B, ..., K].</param>
    /// <param name="target">t, one channel a class, the same shape.</param>
    /// <param name="mask">[B, ..., 1]: 0 where nothing counts, else 1; null: everything counts.</param>
    /// <exception cref="ShapeException">The shapes differ,
    /// or nothing but background is there to be left out.</exception>
    public static Value SoftDice(Value probabilities, Value target, SoftDiceSettings settings, Value? mask = null)
    {
        Losses.RequireSame("soft_dice", probabilities, target);
        Shape shape = probabilities.Shape;
        ShapeException.Require(settings.HasBackground || shape.Width > 1, "soft_dice",
            "without background there are two classes or more", shape);
        Value p = Masked(probabilities, mask), t = Masked(target, mask);
        Shape to = ProbabilityLosses.Ones(shape, keepBatch: !settings.IsBatch, keepWidth: true);
        Value overlap = Reduce.To(p, t, to);
        Value sizes = Add.Apply(Reduce.To(p, null, to), Reduce.To(t, null, to));
        float smooth = (float)settings.Smooth;
        Value scores = Binary.Apply(BinaryKind.Div, Affine.Apply(overlap, 2f, smooth),
            AtLeast(Affine.Apply(sizes, 1f, smooth), LeastDenominator, smooth));
        if (!settings.HasBackground)
            scores = SliceChannels.Apply(scores, 1, shape.Width - 1);
        return Affine.Apply(Reshape.Apply(Reduce.Apply(ReduceKind.Mean, scores), new Shape(1)), -1f);
    }

    /// <summary><see cref="SoftDice"/> of the softmax.</summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <param name="ignored">As for <see cref="DiceCe"/>.</param>
    public static Value SoftmaxDice(Value logits, Value labels, SoftDiceSettings settings, int? ignored = null)
    {
        (Value target, Value? mask) = Classes("soft_dice", logits, labels, ignored);
        return SoftDice(Softmax.Apply(logits), target, settings, mask);
    }

    /// <summary>ceWeight * CE + diceWeight * <see cref="SoftDice"/> of the softmax.</summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <param name="ignored">Positions of this label count nowhere; it must be no class. A batch of nothing else has
    /// the loss of an empty picture.</param>
    /// <param name="classWeights">[K], for the CE part; null: all 1.</param>
    /// <exception cref="ShapeException">Labels and logits do not fit, or the ignored label is a class.</exception>
    public static Value DiceCe(Value logits, Value labels, SoftDiceSettings dice, double ceWeight = 1,
        double diceWeight = 1, int? ignored = null, Value? classWeights = null)
    {
        (Value target, Value? mask) = Classes("dc_ce", logits, labels, ignored);
        Value ce = ignored is null
            ? Losses.CrossEntropy(logits, labels, classWeights)
            : Quotient(CrossEntropyTerms.Apply(logits, labels, classWeights, ignored.Value),
                classWeights is null ? target : Binary.Apply(BinaryKind.Mul, target, classWeights));
        return Losses.Weighted((ce, ceWeight), (SoftDice(Softmax.Apply(logits), target, dice, mask), diceWeight));
    }

    /// <summary>
    /// ceWeight * (mean of the largest CE terms) + diceWeight * <see cref="SoftDice"/> of the softmax.
    /// </summary>
    /// <param name="logits">[B, ..., K].</param>
    /// <param name="labels">Class numbers, [B, ..., 1].</param>
    /// <param name="percent">Share of all positions that counts, in percent.</param>
    /// <param name="ignored">As for <see cref="DiceCe"/>.</param>
    /// <param name="classWeights">As for <see cref="DiceCe"/>; the mean is not divided by them.</param>
    /// <remarks>Parity: the share is of all positions, ignored ones (with a CE of 0) among them.</remarks>
    /// <exception cref="ShapeException">As for <see cref="DiceCe"/>.</exception>
    public static Value DiceTopK(Value logits, Value labels, SoftDiceSettings dice, double percent = 10,
        double ceWeight = 1, double diceWeight = 1, int? ignored = null, Value? classWeights = null)
    {
        (Value target, Value? mask) = Classes("dc_topk", logits, labels, ignored);
        Value terms = CrossEntropyTerms.Apply(logits, labels, classWeights, ignored ?? CrossEntropy.DefaultIgnored);
        long top = Math.Clamp((long)(terms.Shape.Count * percent / 100), 1, terms.Shape.Count);
        return Losses.Weighted((TopMean.Apply(terms, top), ceWeight),
            (SoftDice(Softmax.Apply(logits), target, dice, mask), diceWeight));
    }

    /// <summary>bceWeight * BCE + diceWeight * <see cref="SoftDice"/> of the sigmoid,
    /// for regions that may overlap.</summary>
    /// <param name="logits">[B, ..., R].</param>
    /// <param name="regions">0..1, the same shape.</param>
    /// <param name="mask">[B, ..., 1]: 0 where nothing counts, else 1; null: everything counts.</param>
    /// <remarks>Parity: with a mask the BCE is divided by the positions that count, not by positions times R.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Value DiceBce(Value logits, Value regions, SoftDiceSettings dice, double bceWeight = 1,
        double diceWeight = 1, Value? mask = null)
    {
        Losses.RequireSame("dc_bce", logits, regions);
        return Losses.Weighted((Bce(logits, regions, mask), bceWeight),
            (SoftDice(Activate.Apply(logits, Activation.Sigmoid), regions, dice, mask), diceWeight));
    }

    /// <summary>Binary cross-entropy of what counts.</summary>
    /// <remarks>Parity: as for <see cref="DiceBce"/>.</remarks>
    internal static Value Bce(Value logits, Value regions, Value? mask) => mask is null ? Losses.Bce(logits, regions)
        : Quotient(Masked(Losses.BceTerms(logits, regions), mask), mask);

    /// <summary>One channel a class, and what counts; ignored positions belong to no class.</summary>
    static (Value Target, Value? Mask) Classes(string loss, Value logits, Value labels, int? ignored)
    {
        int classes = logits.Shape.Width;
        Losses.RequireLabels(loss, logits, labels);
        ShapeException.Require(ignored is not { } i || i < 0 || i >= classes, loss, "the ignored label is no class",
            ignored, classes);
        Value target = OneHot.Apply(labels, classes);
        return (target, ignored is null ? null : TargetCoding.Counted(target));
    }

    internal static Value Masked(Value x, Value? mask) => mask is null ? x : Binary.Apply(BinaryKind.Mul, x, mask);

    /// <summary>Sum of terms over the sum of what counts; 0 where nothing does.</summary>
    internal static Value Quotient(Value terms, Value counted) => Binary.Apply(BinaryKind.Div,
        Reduce.To(terms, null, new Shape(1)), AtLeast(Reduce.To(counted, null, new Shape(1)), LeastDenominator, 0f));

    /// <summary>max(x, least), where x may be as small as <paramref name="possible"/>.</summary>
    static Value AtLeast(Value x, float least, float possible) => possible >= least ? x
        : Affine.Apply(Activate.Apply(Affine.Apply(x, 1f, -least), Activation.Relu), 1f, least);
}
