namespace Krait.Engine.Programs;

/// <summary>
/// What prediction does not write: a value that one op makes and only the next one reads may stay in a near cache, if
/// the reader takes over its maker (<see cref="Op.Absorb"/>). Programs, their costs and gradients know nothing of it.
/// </summary>
sealed class Fusion
{
    readonly Dictionary<Value, int> _reads = [];
    readonly List<Op> _steps = [];

    Fusion(IReadOnlyList<Op> steps, IReadOnlyList<Value> kept)
    {
        foreach (Value? value in steps.SelectMany(op => op.Inputs).Concat(kept))
            if (value is not null)
                _reads[value] = _reads.GetValueOrDefault(value) + 1;
    }

    /// <summary>The steps with what was taken over still among them; nobody needs it any more.</summary>
    public static List<Op> Of(IReadOnlyList<Op> steps, IReadOnlyList<Value> kept)
    {
        var fusion = new Fusion(steps, kept);
        foreach (Op op in steps)
            fusion._steps.Add(op.Absorb(fusion));
        return fusion._steps;
    }

    /// <summary>
    /// The op that made a value, seen through reshapes, if it is the last one that did any work and nobody else reads
    /// what it made.
    /// </summary>
    public Op? LastMaker(Value? value)
    {
        while (value is { Base: { } of, BaseChannel: 0, NeedsDenseBase: false } && IsReadOnce(value)
            && of.Shape.Width == value.Shape.Width)
            value = of;
        if (value is null || value.Base is not null || !IsReadOnce(value))
            return null;
        Op? last = _steps.FindLast(op => op.Outputs.Any(o => o.Base is null));
        return last is not null && last.Outputs[0] == value ? last : null;
    }

    bool IsReadOnce(Value value) => _reads.GetValueOrDefault(value) == 1;
}
