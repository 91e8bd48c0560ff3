namespace Krait.Training.Data;

/// <summary>A union of classes that is scored as one and, where a data set declares regions, has an output of the
/// network.
/// </summary>
/// <param name="Name">Name for reports.</param>
/// <param name="Classes">Numbers of its classes.</param>
/// <param name="Label">Class of what lies in this region and in none that comes after it.</param>
/// <remarks>Region-based training of nnU-Net, arXiv:2011.00848; <paramref name="Label"/> is its regions_class_order.
/// </remarks>
public sealed record LabelRegion(string Name, IReadOnlyList<int> Classes, int Label)
{
    /// <summary>Every foreground class alone: what is scored where no regions are declared.</summary>
    public static IReadOnlyList<LabelRegion> EachClass(IReadOnlyList<ClassInfo> classes) =>
        [.. classes.Skip(1).Select((c, i) => new LabelRegion(c.Name, [i + 1], i + 1))];

    /// <summary>Every foreground class alone, where names are of no interest.</summary>
    public static IReadOnlyList<LabelRegion> EachOf(int classes) =>
        [.. Enumerable.Range(1, classes - 1).Select(c => new LabelRegion("", [c], c))];
}
