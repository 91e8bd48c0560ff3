namespace Krait.Weights;

/// <summary>One tensor of the model and the tensor of the file that fills it.</summary>
public sealed record WeightAssignment(string Name, HostTensor Source);

/// <summary>What a load would do. Nothing is loaded yet.</summary>
public sealed record WeightMatch(CoverageReport Report, IReadOnlyList<WeightAssignment> Assignments);

/// <summary>Brings the tensors of a file and the tensors of a model together by name and shape.</summary>
public static class WeightLoader
{
    /// <summary>
    /// Matches by name after taking off wrappers ("module.", "model.", "state_dict.", ...); with a map, names of a
    /// foreign checkpoint go where the map says.
    /// </summary>
    /// <exception cref="WeightsException">If two tensors of the file fill the same tensor of the model.</exception>
    public static WeightMatch Match(IReadOnlyList<ExpectedTensor> expected, TensorFile file, KeyMap? map = null,
        IReadOnlyDictionary<string, string>? repeats = null) =>
        Match(expected, file.Tensors, file.FileName, map, repeats);

    /// <summary>As above, for tensors from anywhere; <paramref name="source"/> names them in messages.</summary>
    /// <param name="repeats">
    /// Second names of tensors of the model that such files list several times. All names must hold the same numbers.
    /// </param>
    /// <exception cref="WeightsException">
    /// If two tensors fill the same tensor of the model, or one that is listed twice differs.
    /// </exception>
    public static WeightMatch Match(IReadOnlyList<ExpectedTensor> expected, IReadOnlyList<HostTensor> tensors,
        string source, KeyMap? map = null, IReadOnlyDictionary<string, string>? repeats = null)
    {
        var model = new Dictionary<string, ExpectedTensor>(StringComparer.Ordinal);
        foreach (var tensor in expected)
            model.Add(tensor.Name, tensor);
        var prefix = Wrappers.Find(tensors, name => repeats?.ContainsKey(name) == true
            || Targets(name, map).Any(model.ContainsKey));
        var matching = new Matching(source, prefix, model, map, repeats);
        matching.Prepare(tensors);
        foreach (var tensor in tensors)
            matching.Add(tensor);
        return matching.Finish(expected);
    }

    /// <summary>Where a name goes: by the rule of the map that matches it, else to itself.</summary>
    internal static IEnumerable<string> Targets(string name, KeyMap? map)
    {
        if (map is null)
            return [name];
        var common = map.Normalize(name);
        return map.RuleFor(common)?.Apply(common) ?? [name];
    }
}
