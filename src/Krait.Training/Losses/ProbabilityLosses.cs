using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Training;

/// <summary>
/// The published forms of the losses, on probabilities (after sigmoid or softmax), for parity. Training uses
/// <see cref="Losses"/>, which takes logits.
/// </summary>
public static class ProbabilityLosses
{
    /// <summary>-(t log p + (1 - t) log(1 - p)), mean over all elements; a logarithm is at least -100.</summary>
    /// <exception cref="Krait.Engine.ShapeException">The shapes differ.</exception>
    public static Value Bce(Value probabilities, Value target)
    {
        Losses.RequireSame("bce", probabilities, target);
        return Engine.Ops.Bce.Apply(probabilities, target);
    }

    /// <summary>Per sample over everything else: 1 - mean of (2 sum(p t) + e) / (sum p + sum t + e).</summary>
    /// <param name="probabilities">[B, ...].</param>
    /// <param name="target">The same shape.</param>
    /// <exception cref="Krait.Engine.ShapeException">The shapes differ.</exception>
    public static Value Dice(Value probabilities, Value target, double smooth = 1)
    {
        Losses.RequireSame("dice", probabilities, target);
        Krait.Engine.Shape samples = Ones(probabilities.Shape, keepBatch: true, keepWidth: false);
        Value overlap = Reduce.To(probabilities, target, samples);
        Value sizes = Add.Apply(Reduce.To(probabilities, null, samples), Reduce.To(target, null, samples));
        return OneMinusMean(Score(overlap, sizes, smooth));
    }

    /// <summary>bceWeight * BCE + diceWeight * Dice.</summary>
    /// <exception cref="Krait.Engine.ShapeException">The shapes differ.</exception>
    public static Value BceDice(Value probabilities, Value target, double bceWeight = 1, double diceWeight = 1,
        double smooth = 1) =>
        Losses.Weighted((Bce(probabilities, target), bceWeight), (Dice(probabilities, target, smooth), diceWeight));

    /// <summary>Per class over the batch: 1 - mean of (2 sum(p t) + e) / (sum p² + sum t² + e).</summary>
    /// <param name="probabilities">[B, ..., K].</param>
    /// <param name="target">One channel a class, the same shape.</param>
    /// <exception cref="Krait.Engine.ShapeException">The shapes differ.</exception>
    public static Value MultiClassDice(Value probabilities, Value target, double smooth = 1e-5)
    {
        Losses.RequireSame("dice", probabilities, target);
        Krait.Engine.Shape classes = Ones(probabilities.Shape, keepBatch: false, keepWidth: true);
        Value overlap = Reduce.To(probabilities, target, classes);
        Value sizes = Add.Apply(Reduce.To(probabilities, probabilities, classes), Reduce.To(target, target, classes));
        return OneMinusMean(Score(overlap, sizes, smooth));
    }

    /// <summary>(2 overlap + e) / (sizes + e).</summary>
    static Value Score(Value overlap, Value sizes, double smooth) => Binary.Apply(Krait.Engine.BinaryKind.Div,
        Affine.Apply(overlap, 2f, (float)smooth), Affine.Apply(sizes, 1f, (float)smooth));

    static Value OneMinusMean(Value scores) => Affine.Apply(
        Reshape.Apply(Reduce.Apply(Krait.Engine.ReduceKind.Mean, scores), new Krait.Engine.Shape(1)), -1f, 1f);

    /// <summary>The shape with extent 1 on all axes but those that are kept.</summary>
    internal static Krait.Engine.Shape Ones(Krait.Engine.Shape shape, bool keepBatch, bool keepWidth)
    {
        int[] dims = [.. Enumerable.Repeat(1, shape.Rank)];
        if (keepBatch)
            dims[0] = shape.Batch;
        if (keepWidth)
            dims[^1] = shape.Width;
        return new Krait.Engine.Shape(dims);
    }
}
