namespace Krait.Weights;

/// <summary>What training scripts put around a state dictionary.</summary>
static class Wrappers
{
    static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "model", "module", "state_dict", "model_state_dict", "model_state", "network_weights", "network", "net",
        "weights", "params", "model_ema", "ema", "_orig_mod",
    };

    /// <summary>
    /// The prefix below which most names find a place. Among equals the shortest, then the first of the file, so
    /// that "model." is taken before "model_ema.".
    /// </summary>
    public static string Find(IReadOnlyList<HostTensor> tensors, Func<string, bool> hasPlace)
    {
        var best = "";
        var bestCount = -1;
        foreach (var prefix in Candidates(tensors))
        {
            var count = tensors.Count(t =>
                t.Name.StartsWith(prefix, StringComparison.Ordinal) && hasPlace(t.Name[prefix.Length..]));
            if (count > bestCount)
                (best, bestCount) = (prefix, count);
        }
        return best;
    }

    static IEnumerable<string> Candidates(IReadOnlyList<HostTensor> tensors)
    {
        var found = new List<string> { "" };
        foreach (var tensor in tensors)
        {
            var begin = 0;
            for (int dot; (dot = tensor.Name.IndexOf('.', begin)) >= 0; begin = dot + 1)
            {
                if (!Known.Contains(tensor.Name[begin..dot]))
                    break;
                var prefix = tensor.Name[..(dot + 1)];
                if (!found.Contains(prefix))
                    found.Add(prefix);
            }
        }
        return found.OrderBy(p => p.Length);
    }
}
