using Krait.Engine.Ops;

namespace Krait.Engine.Programs;

/// <summary>
/// Reverse-mode differentiation of a program: walks the ops backwards, each appends the ops of its own gradient.
/// Contributions to one value are added in the order of the walk, which is fixed by the program. What an op reads from
/// a cheap one (<see cref="Op.IsCheap"/>) is made again and not kept.
/// </summary>
public sealed class Gradients
{
    readonly Program _program;
    readonly HashSet<Value> _needs = [];
    readonly Dictionary<Value, Value> _sums = [];
    readonly Dictionary<Value, List<(int Channel, Value Gradient)>> _parts = [];
    readonly Dictionary<Value, Value> _remade = [];

    Gradients(Program program) => _program = program;

    /// <summary>
    /// Appends the backward program. Gradients of trainable parameters go to the store's flat gradient; those of
    /// <paramref name="wanted"/> values are returned.
    /// </summary>
    /// <param name="seeds">Outputs with the gradient that enters there; null stands for ones.</param>
    /// <param name="accumulate">Add to the flat gradient instead of writing it.</param>
    /// <param name="recompute">Which recomputable blocks are computed again instead of kept; null: none.</param>
    public static IReadOnlyDictionary<Value, Value?> Append(Program program,
        IReadOnlyList<(Value Output, Value? Seed)> seeds, IReadOnlyList<Value>? wanted = null,
        bool accumulate = false, Func<int, bool>? recompute = null)
    {
        var gradients = new Gradients(program);
        List<Value> learned = [.. program.Values.Where(v =>
            v.Source == ValueSource.Parameter && v.Parameter is { Kind: ParameterKind.Weight, Trainable: true })];
        gradients.FindNeeds(learned.Concat(wanted ?? []));
        foreach ((Value output, Value? seed) in seeds)
            gradients.Add(output, seed ?? Fill.Apply(program, output.Shape, 1f));
        gradients.Walk(recompute ?? (_ => false));
        foreach (Value parameter in learned)
            gradients.Store(parameter, accumulate);
        return (wanted ?? []).ToDictionary(v => v, gradients.Of);
    }

    /// <summary>Whether the gradient of this input is asked for; false for null.</summary>
    public bool Needs(Value? value) => value is not null && _needs.Contains(value);

    /// <summary>The gradient of a value as summed up to now; null when nothing depends on it.</summary>
    public Value? Of(Value value)
    {
        if (!_parts.Remove(value, out List<(int Channel, Value Gradient)>? parts))
            return _sums.GetValueOrDefault(value);
        Value joined = Join(value, parts);
        Value sum = _sums.TryGetValue(value, out Value? whole) ? Ops.Add.Apply(whole, joined) : joined;
        return _sums[value] = sum;
    }

    /// <summary>The gradient of a value; zeros when nothing depends on it.</summary>
    public Value OrZero(Value value) => Of(value) ?? Fill.Apply(_program, value.Shape, 0f);

    /// <summary>Gives a contribution to the gradient of a value; ignored when it is not needed.</summary>
    public void Add(Value? value, Value contribution) =>
        Add(value, addend => addend is null ? contribution : Ops.Add.Apply(addend, contribution));

    /// <summary>
    /// Gives a contribution made by an op that can add what has come so far (the addend, or null) in passing.
    /// Not called when the gradient is not needed.
    /// </summary>
    public void Add(Value? value, Func<Value?, Value> contribution)
    {
        if (!Needs(value))
            return;
        Value sum = contribution(Of(value!));
        ShapeException.Require(sum.Shape == value!.Shape, "gradient", $"has the shape of its value {value}", sum);
        _sums[value] = sum;
    }

    /// <summary>A contribution to some channels only; disjoint ranges are joined without a copy.</summary>
    internal void AddChannels(Value? value, int channel, Value contribution)
    {
        if (!Needs(value))
            return;
        if (!_parts.TryGetValue(value!, out List<(int Channel, Value Gradient)>? parts))
            _parts.Add(value!, parts = []);
        int width = contribution.Shape.Width;
        int same = parts.FindIndex(p => p.Channel == channel && p.Gradient.Shape.Width == width);
        if (same >= 0)
            parts[same] = (channel, Ops.Add.Apply(parts[same].Gradient, contribution));
        else
            parts.Add((channel, contribution));
    }

    Value Join(Value value, List<(int Channel, Value Gradient)> parts)
    {
        parts.Sort((a, b) => a.Channel.CompareTo(b.Channel));
        var row = new List<Value>();
        var overlapping = new List<(int Channel, Value Gradient)>();
        int next = 0;
        foreach ((int channel, Value gradient) in parts)
        {
            if (channel < next)
            {
                overlapping.Add((channel, gradient));
                continue;
            }
            if (channel > next)
                row.Add(Fill.Apply(_program, value.Shape.WithWidth(channel - next), 0f));
            row.Add(gradient);
            next = channel + gradient.Shape.Width;
        }
        if (next < value.Shape.Width)
            row.Add(Fill.Apply(_program, value.Shape.WithWidth(value.Shape.Width - next), 0f));
        Value joined = Concat.Apply(row);
        return overlapping.Count == 0 ? joined : Ops.Add.Apply(joined, Join(value, overlapping));
    }

    void FindNeeds(IEnumerable<Value> roots)
    {
        _needs.UnionWith(roots);
        foreach (Op op in _program.Ops)
            if (op.Inputs.Any(Needs))
                _needs.UnionWith(op.Outputs);
    }

    void Walk(Func<int, bool> recompute)
    {
        Op[] ops = [.. _program.Ops];
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            int block = ops[i].Block;
            if (block < 0 || !recompute(block))
            {
                Differentiate(ops[i]);
                continue;
            }
            int first = i;
            while (first > 0 && ops[first - 1].Block == block)
                first--;
            Op[] clones = Recompute(ops.AsSpan(first, i - first + 1));
            for (int k = clones.Length - 1; k >= 0; k--)
                Differentiate(clones[k]);
            i = first;
        }
    }

    void Differentiate(Op op)
    {
        if (!op.Outputs.Any(o => _sums.ContainsKey(o) || _parts.ContainsKey(o)) || !op.Inputs.Any(Needs))
            return;
        Value?[] inputs = [.. op.Inputs.Select(v => v is null || op.IsRecomputed ? v : Remake(v))];
        using Program.Scoped layer = _program.Layer(op.Path);
        MoveSums(op.Inputs, inputs);
        op.Reading(inputs).Differentiate(this);
        MoveSums(inputs, op.Inputs);
    }

    /// <summary>The same value from a second run of the cheap op that made it;
    /// the value itself if that was none.</summary>
    Value Remake(Value value)
    {
        if (value.Producer is not { IsRecomputed: false } op || (value.Base is null && !op.IsCheap))
            return value;
        if (_remade.TryGetValue(value, out Value? again))
            return again;
        Value?[] inputs = [.. op.Inputs.Select(v => v is null ? null : Remake(v))];
        if (value.Base is not null && inputs.SequenceEqual(op.Inputs))
            return value;
        using Program.Scoped layer = _program.Layer(op.Path);
        Op clone = _program.Append(op.CloneOn(inputs));
        for (int o = 0; o < clone.Outputs.Count; o++)
        {
            _remade.Add(op.Outputs[o], clone.Outputs[o]);
            if (Needs(op.Outputs[o]))
                _needs.Add(clone.Outputs[o]);
        }
        return _remade[value];
    }

    /// <summary>What came so far for a value follows it to its second making, and back.</summary>
    void MoveSums(IReadOnlyList<Value?> from, IReadOnlyList<Value?> to)
    {
        for (int i = 0; i < from.Count; i++)
            if (from[i] is { } source && to[i] is { } target && source != target)
                Move(source, target);
    }

    Op[] Recompute(ReadOnlySpan<Op> ops)
    {
        var map = new Dictionary<Value, Value>();
        var clones = new Op[ops.Length];
        for (int i = 0; i < ops.Length; i++)
        {
            Value?[] inputs = [.. ops[i].Inputs.Select(v => v is null ? null : map.GetValueOrDefault(v, v))];
            Op clone = ops[i].CloneOn(inputs);
            using (_program.Layer(ops[i].Path))
                clones[i] = _program.Append(clone);
            for (int o = 0; o < clone.Outputs.Count; o++)
                Transfer(ops[i].Outputs[o], clone.Outputs[o], map);
        }
        return clones;
    }

    void Transfer(Value original, Value clone, Dictionary<Value, Value> map)
    {
        map.Add(original, clone);
        if (_needs.Contains(original))
            _needs.Add(clone);
        Move(original, clone);
    }

    void Move(Value from, Value to)
    {
        if (_sums.Remove(from, out Value? sum))
            _sums.Add(to, sum);
        if (_parts.Remove(from, out List<(int Channel, Value Gradient)>? parts))
            _parts.Add(to, parts);
    }

    void Store(Value parameter, bool accumulate)
    {
        if (Of(parameter) is not { } gradient)
            return;
        using Program.Scoped layer = _program.Layer(parameter.Parameter!.Name);
        Value place = _program.GradientOf(parameter.Parameter!);
        if (accumulate)
            gradient = Ops.Add.Apply(place, gradient);
        if (!gradient.CanMove)
            gradient = Copy.Apply(gradient);
        gradient.MakeView(place, 0);
    }
}
