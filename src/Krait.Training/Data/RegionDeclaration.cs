using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>A region as dataset.yaml names it.</summary>
/// <param name="Name">Name for reports.</param>
/// <param name="Classes">Names of its classes.</param>
public sealed record RegionDeclaration(string Name, IReadOnlyList<string> Classes)
{
    /// <summary>Keys of one region.</summary>
    internal static ConfigSection<RegionDeclaration> Section { get; } = new ConfigSection<RegionDeclaration>()
        .Text("name", "name for reports", r => r.Name, (r, v) => r with { Name = v ?? "" })
        .Texts("classes", "names of its classes", r => r.Classes, (r, v) => r with { Classes = v });

    /// <summary>Regions of declared classes.</summary>
    /// <param name="regions">As declared; none for none.</param>
    /// <param name="order">The class that each region becomes in a label map; empty: the first of its classes that no
    /// later region has.</param>
    /// <param name="classes">Declared classes, background first.</param>
    /// <param name="source">Name of the file for messages.</param>
    /// <exception cref="ConfigException">If they cannot be told apart or name a class that is not there.</exception>
    internal static IReadOnlyList<LabelRegion> Resolve(IReadOnlyList<RegionDeclaration> regions,
        IReadOnlyList<string> order, IReadOnlyList<ClassInfo> classes, string source)
    {
        if (regions.Count == 0)
            return order.Count == 0 ? [] : throw new ConfigException(
                $"{source}: regions_class_order is for regions; none are declared. Declare regions or leave it out.");
        if (order.Count > 0 && order.Count != regions.Count)
            throw new ConfigException($"{source}: regions_class_order names one class a region, so {regions.Count}; " +
                $"got {order.Count}.");
        if (regions.DistinctBy(r => r.Name).Count() < regions.Count)
            throw new ConfigException($"{source}: every region has a name of its own; got " +
                $"{string.Join(", ", regions.Select(r => $"'{r.Name}'"))}.");
        int[][] members = [.. regions.Select(r => Members(r, classes, source))];
        return [.. regions.Select((r, i) => new LabelRegion(r.Name, members[i], order.Count > 0
            ? Ordered(r.Name, members[i], order[i], classes, source)
            : Own(r.Name, members[i], members[(i + 1)..], source)))];
    }

    private static int[] Members(RegionDeclaration region, IReadOnlyList<ClassInfo> classes, string source)
    {
        if (region.Classes.Count == 0)
            throw new ConfigException($"{source}: region '{region.Name}' needs classes; got none.");
        int[] members = [.. region.Classes.Select(name => Find(region.Name, name, classes, source)).Distinct().Order()];
        return members[0] != 0 ? members : throw new ConfigException(
            $"{source}: region '{region.Name}' must not hold the background, {classes[0].Name}: it is what no region " +
            "has.");
    }

    private static int Find(string region, string name, IReadOnlyList<ClassInfo> classes, string source)
    {
        for (int c = 0; c < classes.Count; c++)
            if (classes[c].Name == name) return c;
        string[] names = [.. classes.Select(c => c.Name)];
        throw new ConfigException($"{source}: region '{region}' names the class '{name}', which is not declared." +
            NearestName.Hint(name, names) + $" Classes: {string.Join(", ", names)}.");
    }

    private static int Ordered(string region, int[] members, string name, IReadOnlyList<ClassInfo> classes,
        string source)
    {
        int label = Find(region, name, classes, source);
        return members.Contains(label) ? label
            : throw new ConfigException($"{source}: regions_class_order gives region " +
            $"'{region}' the class '{name}', which it does not hold.");
    }

    private static int Own(string region, int[] members, int[][] later, string source)
    {
        int[] own = [.. members.Where(c => !later.Any(l => l.Contains(c)))];
        return own.Length > 0 ? own[0]
            : throw new ConfigException($"{source}: later regions hold all classes of region '{region}', so it would " +
                "never be seen in a label map. List larger regions first, or give regions_class_order.");
    }
}
