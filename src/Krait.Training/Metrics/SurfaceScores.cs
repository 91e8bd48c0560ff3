namespace Krait.Training.Metrics;

/// <summary>
/// Overlap and surface distances of a predicted and a reference mask. Surfaces are the foreground elements that touch
/// background, or the outside, face to face. A distance that has no meaning, as one mask is empty, is NaN.
/// </summary>
/// <param name="Dice">2 |A and B| / (|A| + |B|); 0 where both are empty.</param>
/// <param name="Hausdorff95">HD95: 95th percentile, linearly interpolated,
/// of the distances of both directions together.</param>
/// <param name="Hausdorff">Their maximum.</param>
/// <param name="ToReference">ASD: mean distance from the predicted surface to the reference's.</param>
/// <param name="ToPrediction">Mean distance from the reference's surface to the predicted one.</param>
/// <remarks>The definitions of medpy, which the papers' evaluations use.</remarks>
public sealed record SurfaceScores(double Dice, double Hausdorff95, double Hausdorff, double ToReference,
    double ToPrediction)
{
    /// <summary>ASSD: mean of both directions' means.</summary>
    public double Symmetric => (ToReference + ToPrediction) / 2;

    /// <summary>Compares two masks.</summary>
    /// <exception cref="ArgumentException">If a mask does not fit the grid.</exception>
    public static SurfaceScores Of(bool[] predicted, bool[] reference, MaskGrid grid, double percentile = 95)
    {
        grid.Require("surface", predicted.Length, reference.Length);
        double dice = DiceOf(predicted, reference);
        bool[] a = Surface(predicted, grid), b = Surface(reference, grid);
        if (!a.Contains(true) || !b.Contains(true))
            return new SurfaceScores(dice, double.NaN, double.NaN, double.NaN, double.NaN);
        double[] toReference = Distances(a, b, grid), toPrediction = Distances(b, a, grid);
        double[] both = [.. toReference, .. toPrediction];
        Array.Sort(both);
        return new SurfaceScores(dice, Percentile(both, percentile), both[^1], toReference.Average(),
            toPrediction.Average());
    }

    /// <summary>2 |A and B| / (|A| + |B|).</summary>
    /// <param name="bothEmpty">What two empty masks score: 0 with medpy,
    /// 1 in the published microscopy evaluation.</param>
    public static double DiceOf(bool[] predicted, bool[] reference, double bothEmpty = 0)
    {
        long both = 0, sizes = 0;
        for (int i = 0; i < predicted.Length; i++)
        {
            both += predicted[i] && reference[i] ? 1 : 0;
            sizes += (predicted[i] ? 1 : 0) + (reference[i] ? 1 : 0);
        }
        return sizes == 0 ? bothEmpty : 2.0 * both / sizes;
    }

    /// <summary>
    /// DSC and HD95 as the published Synapse evaluation of VM-UNet gives them.
    /// </summary>
    /// <remarks>Parity: a false alarm on an empty reference scores 1 and 0, the best there is; both empty and a miss
    /// score 0 and 0.</remarks>
    public static (double Dice, double Hausdorff95) PublishedCase(bool[] predicted, bool[] reference, MaskGrid grid,
        double percentile = 95)
    {
        bool isPredicted = predicted.Contains(true), isThere = reference.Contains(true);
        if (!isPredicted || !isThere)
            return (isPredicted ? 1 : 0, 0);
        SurfaceScores scores = Of(predicted, reference, grid, percentile);
        return (scores.Dice, scores.Hausdorff95);
    }

    static double[] Distances(bool[] from, bool[] to, MaskGrid grid)
    {
        double[] map = DistanceTransform.ToNearest(to, grid);
        return [.. map.Where((_, i) => from[i])];
    }

    /// <summary>Foreground of which a face neighbour is background or outside.</summary>
    static bool[] Surface(bool[] mask, MaskGrid grid)
    {
        var surface = new bool[mask.Length];
        for (int axis = 0; axis < grid.Dims.Count; axis++)
        {
            int stride = grid.Stride(axis), length = grid.Dims[axis];
            for (int i = 0; i < mask.Length; i++)
            {
                if (!mask[i] || surface[i])
                    continue;
                int at = i / stride % length;
                surface[i] = at == 0 || at == length - 1 || !mask[i - stride] || !mask[i + stride];
            }
        }
        return surface;
    }

    static double Percentile(double[] sorted, double percentile)
    {
        double at = percentile / 100 * (sorted.Length - 1);
        int low = (int)Math.Floor(at), high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((at - low) * (sorted[high] - sorted[low]));
    }
}
