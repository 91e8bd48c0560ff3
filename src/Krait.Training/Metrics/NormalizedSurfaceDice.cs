namespace Krait.Training.Metrics;

/// <summary>
/// Share of both surfaces, by area, that lies within a tolerance of the other: a Dice score of surfaces. A distance
/// that has no meaning, as one mask is empty, is NaN.
/// </summary>
/// <param name="Score">NSD; 1 where both masks are empty, 0 where one is.</param>
/// <param name="ToReference">Mean distance from the predicted surface to the reference's, weighted by area.</param>
/// <param name="ToPrediction">The same from the reference's surface to the predicted one.</param>
/// <param name="RobustHausdorff">The larger of both directions' percentiles, weighted by area.</param>
/// <remarks>
/// Nikolov et al., arXiv:1809.04430. Parity: as in the code that is published with it, a flat mask is a slab one
/// element and one unit of length thick, whose upper and lower face count; distances are between cells of the surface.
/// </remarks>
public sealed record NormalizedSurfaceDice(double Score, double ToReference, double ToPrediction,
    double RobustHausdorff)
{
    /// <summary>Compares two masks.</summary>
    /// <param name="tolerance">In units of the spacing.</param>
    /// <param name="percentile">Of <see cref="RobustHausdorff"/>.</param>
    /// <exception cref="ArgumentException">If a mask does not fit the grid.</exception>
    public static NormalizedSurfaceDice Of(bool[] predicted, bool[] reference, MaskGrid grid, double tolerance,
        double percentile = 95)
    {
        grid.Require("surface", predicted.Length, reference.Length);
        MaskGrid cells = SurfaceCells.Around(grid);
        double[] a = SurfaceCells.Areas(predicted, cells), b = SurfaceCells.Areas(reference, cells);
        Element[] toReference = Distances(a, b, cells), toPrediction = Distances(b, a, cells);
        if (toReference.Length == 0 || toPrediction.Length == 0)
            return new NormalizedSurfaceDice(toReference.Length == toPrediction.Length ? 1 : 0, double.NaN, double.NaN,
                double.NaN);
        double areas = toReference.Sum(e => e.Area) + toPrediction.Sum(e => e.Area);
        double near = toReference.Concat(toPrediction).Where(e => e.Distance <= tolerance).Sum(e => e.Area);
        return new NormalizedSurfaceDice(near / areas, Mean(toReference), Mean(toPrediction),
            Math.Max(Percentile(toReference, percentile), Percentile(toPrediction, percentile)));
    }

    /// <summary>The cells of a surface by their distance to the other one.</summary>
    static Element[] Distances(double[] from, double[] to, MaskGrid cells)
    {
        double[] map = DistanceTransform.ToNearest(Array.ConvertAll(to, area => area > 0), cells);
        return [.. Enumerable.Range(0, from.Length).Where(i => from[i] > 0).Select(i => new Element(map[i], from[i]))
            .OrderBy(e => e.Distance).ThenBy(e => e.Area)];
    }

    static double Mean(Element[] elements) =>
        elements.Sum(e => e.Distance * e.Area) / elements.Sum(e => e.Area);

    /// <summary>The distance at which that share of the area is reached.</summary>
    static double Percentile(Element[] elements, double percentile)
    {
        double all = elements.Sum(e => e.Area), sum = 0;
        foreach (Element element in elements)
            if ((sum += element.Area) / all >= percentile / 100)
                return element.Distance;
        return elements[^1].Distance;
    }

    readonly record struct Element(double Distance, double Area);
}
