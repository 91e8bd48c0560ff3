namespace Krait.Engine.Programs;

/// <summary>
/// Liveness and memory of a program: which ops run, and where the memory of every root value lies. Buffers are placed
/// largest first at the lowest offset that no buffer living at the same time occupies.
/// </summary>
sealed class Placement
{
    const int Alignment = 16;

    readonly Dictionary<Value, Buffer> _buffers = [];
    readonly HashSet<Value> _inPlace = [];

    public List<Op> Constants { get; } = [];
    public List<Op> Steps { get; private set; } = [];

    /// <summary>Steps that run slab by slab.</summary>
    public List<SlabGroup> Groups { get; private set; } = [];
    public long ArenaFloats { get; private set; }
    public long ConstantFloats { get; private set; }

    public static Placement Of(Program program, PlanOptions options)
    {
        var placement = new Placement();
        List<Op> live = LiveOps(program.Ops, program.Kept);
        placement.SplitConstants(live, options.HoistConstants);
        if (options.HoistConstants)
            placement.Steps = LiveOps(Fusion.Of(placement.Steps, program.Kept), program.Kept);
        placement.FindLifetimes(program);
        if (options.HoistConstants && !options.Debug)
            placement.FindGroups();
        if (!options.Debug)
            placement.OverwriteInPlace();
        placement.Assign(options.Debug);
        return placement;
    }

    /// <summary>The place of a root in the arena, or among the constants.</summary>
    public bool Find(Value root, out long place, out bool isConstant)
    {
        if (!_buffers.TryGetValue(root, out Buffer? buffer))
        {
            (place, isConstant) = (0, false);
            return false;
        }
        while (buffer.Shares is not null)
            buffer = buffer.Shares;
        (place, isConstant) = (buffer.Offset, buffer.IsConstant);
        return true;
    }

    /// <summary>Room in front of a root for rows of the slab before.</summary>
    public long FloatsBefore(Value root)
    {
        foreach (SlabGroup group in Groups)
            if (group.Inner.TryGetValue(root, out int before))
                return before * (long)root.Shape.Width;
        return 0;
    }

    /// <summary>Whether steps read a parameter where it lies; others only constants read, if anything does.</summary>
    public bool ReadsInPlace(Value parameter) => _inPlace.Contains(parameter);

    static List<Op> LiveOps(IReadOnlyList<Op> ops, IReadOnlyList<Value> kept)
    {
        var needed = new HashSet<Value>(kept);
        var live = new List<Op>();
        for (int i = ops.Count - 1; i >= 0; i--)
        {
            Op op = ops[i];
            bool isNeeded = (op.HasSideEffect && !op.IsRecomputed)
                || op.Outputs.Any(o => needed.Contains(o) || o.Resolve().Root.Source == ValueSource.Gradient);
            if (!isNeeded)
                continue;
            live.Add(op);
            foreach (Value? input in op.Inputs)
                if (input is not null)
                    needed.Add(input);
        }
        live.Reverse();
        return live;
    }

    void SplitConstants(List<Op> live, bool hoist)
    {
        var constant = new HashSet<Value>();
        foreach (Op op in live)
        {
            bool isConstant = hoist && op.IsPure && op.Inputs.Count > 0
                && op.Inputs.All(v => v is null || v.Source == ValueSource.Parameter || constant.Contains(v))
                && op.Outputs.All(o => o.Base is null || constant.Contains(o.Base)
                    || o.Base.Source == ValueSource.Parameter);
            (isConstant ? Constants : Steps).Add(op);
            if (isConstant)
                constant.UnionWith(op.Outputs);
        }
    }

    void FindLifetimes(Program program)
    {
        foreach (Op op in Constants)
            foreach (Value output in op.Outputs)
                Touch(output, 0).IsConstant = true;
        foreach (Value input in program.Inputs)
            Touch(input, -1);
        for (int i = 0; i < Steps.Count; i++)
        {
            for (int k = 0; k < Steps[i].Inputs.Count; k++)
                if (Steps[i].Inputs[k] is { } input && Steps[i].Reads(k))
                    Touch(input, i);
            foreach (Value output in Steps[i].Outputs)
                Touch(output, i);
        }
        foreach (Value kept in program.Kept)
            if (Touch(kept, Steps.Count) is { } buffer)
                buffer.IsKept = true;
    }

    /// <summary>
    /// What a group touches lives as long as the group: its steps take turns. What only the group knows needs memory
    /// for one slab, and for the rows before it that steps look back to.
    /// </summary>
    void FindGroups()
    {
        Groups = SlabGroup.Find(Steps, v => !_buffers.TryGetValue(v, out Buffer? b) || b.IsConstant);
        foreach (SlabGroup group in Groups)
        {
            var lasting = new HashSet<Value>();
            for (int i = group.First; i <= group.Last; i++)
            {
                Op op = Steps[i];
                foreach (Value value in op.Inputs.Where((_, k) => op.Reads(k)).Concat(op.Outputs).OfType<Value>())
                    if (_buffers.ContainsKey(value.Resolve().Root))
                        lasting.Add(value.Resolve().Root);
                if (op.RowsBefore is { } before and > 0)
                    group.LooksBack(op.Inputs[0]!.Resolve().Root, before);
            }
            foreach (Value root in lasting)
            {
                Buffer buffer = _buffers[root];
                if (group.Sequences.Contains(root) && !buffer.IsKept && !buffer.IsConstant
                    && buffer.First >= group.First && buffer.Last <= group.Last)
                    buffer.Floats = group.AddInner(root);
                if (buffer.IsConstant)
                    continue;
                buffer.First = Math.Min(buffer.First, group.First);
                buffer.Last = Math.Max(buffer.Last, group.Last);
            }
        }
    }

    Buffer Touch(Value value, int step)
    {
        Value root = value.Resolve().Root;
        if (root.Source is ValueSource.Parameter or ValueSource.Gradient)
        {
            _inPlace.Add(root);
            return new Buffer(root, step);
        }
        if (!_buffers.TryGetValue(root, out Buffer? buffer))
            _buffers.Add(root, buffer = new Buffer(root, step));
        buffer.Last = Math.Max(buffer.Last, step);
        return buffer;
    }

    void OverwriteInPlace()
    {
        for (int i = 0; i < Steps.Count; i++)
        {
            Op op = Steps[i];
            for (int o = 0; o < op.Outputs.Count; o++)
                for (int k = 0; k < op.Inputs.Count; k++)
                    if (op.CanOverwrite(o, k) && TryShare(op, o, op.Inputs[k], i))
                        break;
        }
    }

    bool TryShare(Op op, int o, Value? input, int step)
    {
        Value output = op.Outputs[o];
        if (input is null || output.Base is not null || input.Base is not null || input.Source != ValueSource.Op
            || output.Shape.Count != input.Shape.Count
            || !_buffers.TryGetValue(output, out Buffer? to) || !_buffers.TryGetValue(input, out Buffer? from))
            return false;
        while (from.Shares is not null)
            from = from.Shares;
        if (from.IsConstant || from.IsKept || from.Last != step || to.First != step || to.Shares is not null)
            return false;
        for (int k = 0; k < op.Inputs.Count; k++)
            if (op.Inputs[k] is { } other && !op.CanOverwrite(o, k) && Owner(other) == from)
                return false;
        foreach (Value sibling in op.Outputs)
            if (sibling != output && Owner(sibling) == from)
                return false;
        to.Shares = from;
        from.Last = to.Last;
        from.IsKept |= to.IsKept;
        return true;
    }

    Buffer? Owner(Value value)
    {
        Buffer? buffer = _buffers.GetValueOrDefault(value.Resolve().Root);
        while (buffer?.Shares is not null)
            buffer = buffer.Shares;
        return buffer;
    }

    void Assign(bool apart)
    {
        var placed = new List<Buffer>();
        foreach (Buffer buffer in _buffers.Values.Where(b => b.Shares is null)
            .OrderByDescending(b => b.Floats).ThenBy(b => b.First).ThenBy(b => b.Root.Id))
        {
            if (buffer.IsConstant)
            {
                buffer.Offset = ConstantFloats;
                ConstantFloats += buffer.Floats;
                continue;
            }
            buffer.Offset = apart ? ArenaFloats : LowestGap(placed, buffer);
            int at = placed.FindIndex(p => p.Offset > buffer.Offset);
            placed.Insert(at < 0 ? placed.Count : at, buffer);
            ArenaFloats = Math.Max(ArenaFloats, buffer.Offset + buffer.Floats);
        }
    }

    /// <summary><paramref name="placed"/> is sorted by offset.</summary>
    static long LowestGap(List<Buffer> placed, Buffer buffer)
    {
        long offset = 0;
        foreach (Buffer other in placed)
        {
            if (other.Last < buffer.First || buffer.Last < other.First)
                continue;
            if (other.Offset - offset >= buffer.Floats)
                break;
            offset = Math.Max(offset, other.Offset + other.Floats);
        }
        return offset;
    }

    /// <summary>The memory of one root: steps First to Last, both included.</summary>
    sealed class Buffer(Value root, int first)
    {
        public Value Root { get; } = root;
        public int First { get; set; } = first;
        public int Last { get; set; } = first;
        public long Floats { get; set => field = (value + Alignment - 1) / Alignment * Alignment; } =
            (root.Shape.Count + Alignment - 1) / Alignment * Alignment;
        public Buffer? Shares { get; set; }
        public bool IsConstant { get; set; }
        public bool IsKept { get; set; }
        public long Offset { get; set; }
    }
}
