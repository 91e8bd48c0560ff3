namespace Krait.Engine.Programs;

/// <summary>The rows of a long sequence that ops work on before they go on: a part of one sample.</summary>
/// <param name="Sample">Which sample.</param>
/// <param name="Start">First row within the sample.</param>
/// <param name="Count">Rows.</param>
public readonly record struct Slab(int Sample, int Start, int Count);

/// <summary>
/// Neighbouring steps of a prediction that run slab by slab: each makes <see cref="Rows"/> rows of a long sequence,
/// then the next step reads them while they are in a near cache. What only these steps read has memory for one slab.
/// </summary>
sealed class SlabGroup
{
    /// <summary>Rows of a slab, whole chunks of a scan: 1 to 5 MB between the ops of a published Mamba.</summary>
    public const int Rows = 2048;

    /// <summary>A sequence is cut if it has at least so many slabs.</summary>
    const int FewestSlabs = 2;

    readonly Dictionary<Value, int> _before = [];

    SlabGroup(int first, Shape rows) =>
        (First, Last, Length, Samples) = (first, first, checked((int)rows.RowsPerSample), rows.Batch);

    /// <summary>Index of the first and of the last step.</summary>
    public int First { get; }
    public int Last { get; private set; }

    /// <summary>Rows of one sample, and samples.</summary>
    public int Length { get; }
    public int Samples { get; }

    /// <summary>Values of which each slab reads or writes its rows.</summary>
    public HashSet<Value> Sequences { get; } = [];

    /// <summary>Roots that only these steps know, and the rows of the slab before that stay in front of each.</summary>
    public Dictionary<Value, int> Inner { get; } = [];

    /// <summary>A step reads rows of this root before its own.</summary>
    public void LooksBack(Value root, int rows) => _before[root] = Math.Max(_before.GetValueOrDefault(root), rows);

    /// <summary>A root that only the group knows; returns its floats.</summary>
    public long AddInner(Value root)
    {
        Inner.Add(root, _before.GetValueOrDefault(root));
        return ((long)Rows + Inner[root]) * root.Shape.Width;
    }

    /// <summary>Groups of at least two ops, in order.</summary>
    public static List<SlabGroup> Find(IReadOnlyList<Op> steps, Func<Value, bool> isConstant)
    {
        var groups = new List<SlabGroup>();
        for (int i = 0; i < steps.Count; i++)
        {
            Shape rows = steps[i].Outputs[0].Shape;
            if (IsView(steps[i]) || rows.RowsPerSample < FewestSlabs * Rows)
                continue;
            var group = new SlabGroup(i, rows);
            int ops = 0, end = i;
            for (; end < steps.Count && group.Takes(steps[end], isConstant); end++)
                if (!IsView(steps[end]))
                    (ops, group.Last) = (ops + 1, end);
            if (ops < 2)
                continue;
            groups.Add(group);
            i = group.Last;
        }
        return groups;
    }

    static bool IsView(Op op) => op.Outputs[0].Base is not null && op.Outputs[0].Base == op.Inputs[0];

    bool Takes(Op op, Func<Value, bool> isConstant)
    {
        if (!IsView(op) && op.RowsBefore is null)
            return false;
        List<Value> rows = [op.Outputs[0]];
        for (int i = 0; i < op.Inputs.Count; i++)
            if (op.Inputs[i] is { } input && op.Reads(i) && !isConstant(input.Resolve().Root))
                rows.Add(input);
        rows.AddRange(op.Outputs.Where(o => o.Shape.Rows == (long)Length * Samples));
        foreach (Value value in rows)
        {
            Shape root = value.Resolve().Root.Shape;
            if (value.Shape.Batch != Samples || value.Shape.RowsPerSample != Length || root.Rows != value.Shape.Rows)
                return false;
        }
        Sequences.UnionWith(rows);
        return true;
    }
}
