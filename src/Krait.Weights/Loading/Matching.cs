using System.Text.RegularExpressions;

namespace Krait.Weights;

/// <summary>One run of <see cref="WeightLoader"/>: sorts the tensors of a file into the lists of the report.</summary>
sealed partial class Matching(string file, string prefix, Dictionary<string, ExpectedTensor> model, KeyMap? map,
    IReadOnlyDictionary<string, string>? repeats)
{
    readonly Dictionary<string, HostTensor> filled = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> fresh = new(StringComparer.Ordinal);
    readonly HashSet<KeyNote> skippedGroups = [];
    readonly HashSet<string> misShapedNames = new(StringComparer.Ordinal);
    readonly List<ShapeMismatch> misShaped = [];
    readonly List<NamedShape> unexpected = [];
    readonly List<LeftOut> ignored = [];
    readonly List<(HostTensor Tensor, string First)> repeated = [];

    /// <summary>Finds the groups of the map of which one tensor does not fit.</summary>
    public void Prepare(IReadOnlyList<HostTensor> tensors)
    {
        if (map is null || map.AllOrNone.IsEmpty)
            return;
        foreach (var tensor in tensors)
            if (Strip(tensor) is { } name && KeyMap.Find(map.AllOrNone, map.Normalize(name)) is { } group
                && WeightLoader.Targets(name, map).Any(t => model.TryGetValue(t, out var e) && !Fits(e, tensor)))
                skippedGroups.Add(group);
    }

    public void Add(HostTensor tensor)
    {
        if (Strip(tensor) is not { } name)
            ignored.Add(new LeftOut(tensor.Name, $"outside of \"{prefix}\""));
        else if (OperationCount().IsMatch(name) && !model.ContainsKey(name))
            ignored.Add(new LeftOut(tensor.Name, "operation counts of a profiler"));
        else if (map is not null && KeyMap.Find(map.AllOrNone, map.Normalize(name)) is { } group
            && skippedGroups.Contains(group))
            SkipGroup(tensor, name, group);
        else if (map?.RuleFor(map.Normalize(name)) is { SkipReason: { } reason })
            ignored.Add(new LeftOut(tensor.Name, reason));
        else
            Place(tensor, name);
    }

    public WeightMatch Finish(IReadOnlyList<ExpectedTensor> expected)
    {
        foreach (var (tensor, first) in repeated)
            Repeat(tensor, first);
        var matched = new List<Match>();
        var renamed = new List<Match>();
        var missing = new List<NamedShape>();
        var assignments = new List<WeightAssignment>();
        foreach (var tensor in expected)
        {
            if (filled.TryGetValue(tensor.Name, out var source))
            {
                assignments.Add(new WeightAssignment(tensor.Name, source));
                (Strip(source) == tensor.Name ? matched : renamed).Add(
                    new Match(tensor.Name, source.Name, tensor.Shape));
            }
            else if (!fresh.ContainsKey(tensor.Name) && !misShapedNames.Contains(tensor.Name))
            {
                if (FreshReason(tensor.Name) is { } reason)
                    fresh.Add(tensor.Name, reason);
                else
                    missing.Add(new NamedShape(tensor.Name, tensor.Shape));
            }
        }
        var report = new CoverageReport
        {
            File = file,
            StrippedPrefix = prefix,
            Map = map?.Name,
            Matched = matched,
            Renamed = renamed,
            MisShaped = misShaped,
            Missing = missing,
            Unexpected = unexpected,
            Ignored = ignored,
            Fresh = [.. expected.Where(t => fresh.ContainsKey(t.Name)).Select(t => new LeftOut(t.Name, fresh[t.Name]))],
        };
        return new WeightMatch(report, assignments);
    }

    void Place(HostTensor tensor, string name)
    {
        var places = WeightLoader.Targets(name, map).Where(model.ContainsKey).ToList();
        if (places.Count == 0 && model.ContainsKey(name))
            places.Add(name);
        foreach (var place in places)
        {
            if (!Fits(model[place], tensor))
            {
                misShaped.Add(new ShapeMismatch(place, tensor.Name, model[place].Shape, tensor.Shape));
                misShapedNames.Add(place);
            }
            else if (!filled.TryAdd(place, tensor))
                throw new WeightsException($"load {file}: {filled[place].Name} and {tensor.Name} both fill {place}. " +
                    "Remove one of them from the file.");
        }
        if (places.Count > 0)
            return;
        if (repeats is not null && repeats.TryGetValue(name, out var first))
        {
            repeated.Add((tensor, first));
            return;
        }
        if (map is not null && KeyMap.Find(map.Surplus, map.Normalize(name)) is { } surplus)
            ignored.Add(new LeftOut(tensor.Name, surplus.Reason));
        else if (IsBatchCounter(name))
            ignored.Add(new LeftOut(tensor.Name, "counter of a batch norm, not needed"));
        else
            unexpected.Add(new NamedShape(tensor.Name, tensor.Shape));
    }

    /// <summary>A second name: the same numbers as under the first;
    /// fills its place where the first is absent.</summary>
    void Repeat(HostTensor tensor, string first)
    {
        if (misShapedNames.Contains(first))
        {
            ignored.Add(new LeftOut(tensor.Name, "second name of a tensor of another shape"));
            return;
        }
        if (!filled.TryGetValue(first, out var other))
        {
            Place(tensor, first);
            return;
        }
        if (!tensor.HoldsSameAs(other))
            throw new WeightsException($"load {file}: {tensor.Name} and {other.Name} are one tensor in the model; they "
                + "differ in the file. Save the state dictionary again, or remove one of the two.");
        ignored.Add(new LeftOut(tensor.Name, "second name of a tensor, the same numbers"));
    }

    void SkipGroup(HostTensor tensor, string name, KeyNote group)
    {
        ignored.Add(new LeftOut(tensor.Name, group.Reason));
        foreach (var place in WeightLoader.Targets(name, map).Where(model.ContainsKey))
            fresh[place] = group.Reason;
    }

    string? FreshReason(string name)
    {
        if (map is not null && KeyMap.Find(map.Fresh, name) is { } note)
            return note.Reason;
        // Files before PyTorch 0.4.1 have no such counters, and PyTorch itself does without them.
        return IsBatchCounter(name) ? "counter of a batch norm, not needed" : null;
    }

    /// <summary>
    /// The name without the wrapper; null for what lies outside of it, such as the optimizer's state.
    /// </summary>
    string? Strip(HostTensor tensor) =>
        tensor.Name.StartsWith(prefix, StringComparison.Ordinal) ? tensor.Name[prefix.Length..] : null;

    static bool Fits(ExpectedTensor expected, HostTensor tensor) =>
        expected.Shape.Count == tensor.Shape.Length && expected.Shape.SequenceEqual(tensor.Shape);

    static bool IsBatchCounter(string name) =>
        name == "num_batches_tracked" || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    // Left in state dictionaries by the profiler "thop".
    [GeneratedRegex(@"(^|\.)total_(ops|params)$", RegexOptions.CultureInvariant)]
    private static partial Regex OperationCount();
}
