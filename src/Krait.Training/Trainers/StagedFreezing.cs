using Krait.Engine.Programs;
using Krait.Training.Config;

namespace Krait.Training;

/// <summary>Decides which parameters of a store learn in an epoch.
/// Norms go on with the statistics of the batch.</summary>
internal sealed class StagedFreezing
{
    private readonly FreezeConfig config;
    private readonly List<Parameter> waiting;

    /// <exception cref="ConfigException">If a name is no parameter's beginning,
    /// or nothing would be left to learn.</exception>
    public StagedFreezing(FreezeConfig config, ParameterStore store)
    {
        this.config = config;
        List<Parameter> all = [.. store.Weights];
        waiting = config.Epochs == 0 ? [] : [.. all.Where(p => config.Names.Any(n => Begins(p, n))
            && !config.Except.Any(e => p.Name.Contains(e, StringComparison.Ordinal)))];
        if (config.Epochs == 0) return;
        foreach (string name in config.Names)
            if (!all.Any(p => Begins(p, name)))
                throw new ConfigException($"freeze.names: no parameter's name begins with '{name}'. They begin with: "
                    + string.Join(", ", all.Select(p => p.Name.Split('.')[0]).Distinct()) + ".");
        if (waiting.Count == 0)
            throw new ConfigException("freeze.epochs: no parameter is frozen; name some in freeze.names.");
        if (waiting.Count == all.Count)
            throw new ConfigException("freeze.names: all parameters are frozen, so nothing learns. Name fewer.");
    }

    /// <summary>Sets what learns in this epoch, counted from 0; false if nothing changed.</summary>
    public bool Enter(int epoch)
    {
        bool learns = epoch >= config.Epochs;
        bool changes = waiting.Any(p => p.Trainable != learns);
        foreach (Parameter p in waiting) p.Trainable = learns;
        return changes;
    }

    private static bool Begins(Parameter p, string name) => p.Name.StartsWith(name, StringComparison.Ordinal);
}
