using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Training.Data;

namespace Krait.Training;

/// <summary>What the targets of a loss hold: class numbers, of which some may be ignored,
/// and what is learned of them.</summary>
/// <param name="Classes">Classes, background included.</param>
/// <param name="Regions">What the outputs stand for instead of classes; none for classes.</param>
/// <param name="HasIgnored">Positions may hold <see cref="MaskCoding.Ignored"/>, which then count nowhere.</param>
public sealed record TargetCoding(int Classes, IReadOnlyList<LabelRegion> Regions, bool HasIgnored)
{
    /// <summary>That of a data set.</summary>
    public static TargetCoding Of(Dataset data) =>
        new(data.Classes.Count, data.Regions, data.Coding.Ignore is not null);

    /// <summary>Class numbers, none of them ignored.</summary>
    /// <param name="outputs">Channels of the logits; 1 for two classes.</param>
    public static TargetCoding OfClasses(int outputs) => new(Math.Max(2, outputs), [], false);

    /// <summary>The label that a loss leaves out.</summary>
    internal int? IgnoredLabel => HasIgnored ? MaskCoding.Ignored : null;

    /// <summary>What sigmoid outputs are compared with: a channel an output, and what counts.</summary>
    /// <param name="labels">[B, ..., 1] class numbers; 0..1 where two classes are learned and nothing is
    /// ignored.</param>
    /// <returns>[B, ..., K] of 0 and 1 (the labels themselves where they may lie between), and [B, ..., 1] of 0 where
    /// nothing counts, else 1; null where everything does.</returns>
    internal (Value Target, Value? Mask) Channels(Value labels)
    {
        if (Regions.Count == 0 && !HasIgnored) return (labels, null);
        Value classes = OneHot.Apply(labels, Classes);
        var learned = Regions.Count > 0 ? Regions : LabelRegion.EachOf(Classes);
        return (Concat.Apply([.. learned.Select(r => Union(classes, r.Classes))]),
            HasIgnored ? Counted(classes) : null);
    }

    /// <summary>Sum of channels.</summary>
    private static Value Union(Value classes, IReadOnlyList<int> members) =>
        members.Select(c => SliceChannels.Apply(classes, c, 1)).Aggregate(Add.Apply);

    /// <summary>1 where a position belongs to a class, 0 where to none.</summary>
    internal static Value Counted(Value classes) =>
        Reduce.Apply(ReduceKind.Sum, classes, classes.Shape.Rank - 1);
}
