using System.Diagnostics;
using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>How a program is planned and run.</summary>
public sealed record PlanOptions
{
    /// <summary>
    /// For prediction: ops on parameters alone (packed weights) run once, not in every run, and ops take over what only
    /// they read (<see cref="Fusion"/>).
    /// </summary>
    public bool HoistConstants { get; init; }

    /// <summary>Every value gets memory of its own and all is poisoned with NaN first: equal bits, or a bug.</summary>
    public bool Debug { get; init; }

    /// <summary>Stops at the first op that yields NaN or infinity and names its layer.</summary>
    public bool CheckNumerics { get; init; }
}

/// <summary>
/// A program with every buffer placed. What nobody keeps and nothing needs is left out. A run allocates nothing.
/// One plan runs on one thread at a time; plans of one model share its store and may share an arena.
/// </summary>
public sealed class Plan : IDisposable
{
    readonly Device _device;
    readonly ParameterStore _store;
    readonly PlanOptions _options;
    readonly Placement _placement;
    readonly Arena _arena;
    readonly bool _ownsArena;
    readonly NativeBuffer _constants;
    readonly Rows[] _table;

    /// <summary>The table while no slab is under way.</summary>
    readonly Rows[] _whole;
    readonly long[] _ticks;
    int _boundVersion = -1;
    int _constantsVersion = -1;

    /// <param name="arena">Memory shared with other plans; null for one of its own.</param>
    public Plan(Program program, Device device, ParameterStore store, PlanOptions? options = null, Arena? arena = null)
    {
        Program = program;
        _device = device;
        _store = store;
        _options = options ?? new PlanOptions();
        _placement = Placement.Of(program, _options);
        _ownsArena = arena is null;
        _arena = arena ?? new Arena();
        _constants = new NativeBuffer(_placement.ConstantFloats);
        _table = new Rows[program.Values.Count];
        _whole = new Rows[program.Values.Count];
        _ticks = new long[_placement.Steps.Count];
    }

    public Program Program { get; }

    /// <summary>The ops that a run executes, in order.</summary>
    public IReadOnlyList<Op> Steps => _placement.Steps;

    /// <summary>Bytes of the arena that a run needs, exactly.</summary>
    public long ArenaBytes => _placement.ArenaFloats * sizeof(float);

    /// <summary>Bytes of values computed once, such as packed weights.</summary>
    public long ConstantBytes => _placement.ConstantFloats * sizeof(float);

    /// <summary>Nanoseconds that each step took in all runs since <see cref="IsProfiling"/> was set.</summary>
    public IReadOnlyList<double> Nanoseconds => [.. _ticks.Select(t => t * 1e9 / Stopwatch.Frequency)];

    /// <summary>Whether runs are timed op by op; setting it clears the times.</summary>
    public bool IsProfiling
    {
        get;
        set
        {
            field = value;
            Array.Clear(_ticks);
        }
    }

    /// <summary>Plans a program without running it: exact arena bytes, for forecasts.</summary>
    public static long ForecastArenaBytes(Program program, PlanOptions? options = null) =>
        Placement.Of(program, options ?? new PlanOptions()).ArenaFloats * sizeof(float);

    /// <summary>Where a value lies: inputs are written there before a run, kept values read after it.</summary>
    public Rows this[Value value]
    {
        get
        {
            Bind();
            return _table[value.Id];
        }
    }

    /// <summary>Runs all steps.</summary>
    /// <exception cref="NumericException">CheckNumerics is on and an op yields NaN or infinity.</exception>
    public void Run(RunArguments arguments = default)
    {
        Bind();
        var frame = new Frame(_table, arguments);
        if (_constantsVersion != _store.Version)
        {
            foreach (Op op in _placement.Constants)
                RunConstant(op, frame);
            _constantsVersion = _store.Version;
        }
        int next = 0;
        foreach (SlabGroup group in _placement.Groups)
        {
            RunSteps(next, group.First, frame, null);
            RunSlabs(group, frame);
            next = group.Last + 1;
        }
        RunSteps(next, _placement.Steps.Count, frame, null);
    }

    void RunSteps(int first, int end, in Frame frame, Slab? slab)
    {
        for (int i = first; i < end; i++)
        {
            Op op = _placement.Steps[i];
            long start = IsProfiling ? Stopwatch.GetTimestamp() : 0;
            if (slab is { } part)
                op.RunSlab(_device, frame, part);
            else
                op.Run(_device, frame);
            if (IsProfiling)
                _ticks[i] += Stopwatch.GetTimestamp() - start;
            if (_options.CheckNumerics)
                CheckOutputs(op);
        }
    }

    void RunSlabs(SlabGroup group, in Frame frame)
    {
        try
        {
            for (int sample = 0; sample < group.Samples; sample++)
                for (int start = 0; start < group.Length; start += SlabGroup.Rows)
                {
                    var slab = new Slab(sample, start, Math.Min(SlabGroup.Rows, group.Length - start));
                    foreach (Value value in group.Sequences)
                    {
                        long row = group.Inner.ContainsKey(value.Resolve().Root)
                            ? 0
                            : (sample * (long)group.Length) + start;
                        _table[value.Id] = _whole[value.Id].Slice(row, slab.Count);
                    }
                    RunSteps(group.First, group.Last + 1, frame, slab);
                    if (start + slab.Count < group.Length)
                        KeepRowsBefore(group, slab.Count);
                }
        }
        finally
        {
            foreach (Value value in group.Sequences)
                _table[value.Id] = _whole[value.Id];
        }
    }

    /// <summary>The last rows of a slab are those before the next one.</summary>
    unsafe void KeepRowsBefore(SlabGroup group, int count)
    {
        foreach ((Value root, int before) in group.Inner)
        {
            Rows rows = _whole[root.Id];
            long floats = before * rows.Stride;
            new Span<float>(rows.Pointer + (count * rows.Stride) - floats, checked((int)floats)).CopyTo(
                new Span<float>(rows.Pointer - floats, checked((int)floats)));
        }
    }

    public void Dispose()
    {
        _constants.Dispose();
        if (_ownsArena)
            _arena.Dispose();
    }

    unsafe void Bind()
    {
        _arena.Reserve(_placement.ArenaFloats);
        if (_boundVersion == _arena.Version)
            return;
        foreach (Value value in Program.Values)
        {
            Value root = value.Resolve().Root;
            float* start = root.Source switch
            {
                ValueSource.Parameter => _placement.ReadsInPlace(root) ? _store.Address(root.Parameter!) : null,
                ValueSource.Gradient => _store.GradientBuffer.Pointer + root.Parameter!.Offset,
                _ => _placement.Find(root, out long place, out bool isConstant)
                    ? (isConstant ? _constants.Pointer : _arena.Pointer) + place + _placement.FloatsBefore(root)
                    : null,
            };
            if (start != null)
                _table[value.Id] = RowsOf(value, start);
        }
        _table.CopyTo(_whole, 0);
        if (_options.Debug)
            _device.Fill(new Rows(_arena.Pointer, 1, checked((int)_placement.ArenaFloats), _placement.ArenaFloats),
                float.NaN);
        _boundVersion = _arena.Version;
        _constantsVersion = -1;
    }

    /// <summary>Parameters that steps do not read are lent to the op, so that prediction need not hold them.</summary>
    unsafe void RunConstant(Op op, in Frame frame)
    {
        var loans = new List<NativeBuffer>();
        foreach (Value? input in op.Inputs)
        {
            if (input?.Resolve().Root is not { Source: ValueSource.Parameter } root || _placement.ReadsInPlace(root))
                continue;
            _table[input.Id] = RowsOf(input, _store.Lend(root.Parameter!, out NativeBuffer? lent));
            if (lent is not null)
                loans.Add(lent);
        }
        op.Run(_device, frame);
        loans.ForEach(loan => loan.Dispose());
    }

    static unsafe Rows RowsOf(Value value, float* start)
    {
        (_, long offset, long stride) = value.Resolve();
        return new Rows(start + offset, value.Shape.Rows, value.Shape.Width, stride);
    }

    void CheckOutputs(Op op)
    {
        for (int o = 0; o < op.Outputs.Count; o++)
        {
            Rows y = _table[op.Outputs[o].Id];
            if (!y.Exists)
                continue;
            for (long r = 0; r < y.Count; r++)
                foreach (float number in y.Row(r))
                    if (!float.IsFinite(number))
                        throw new NumericException(
                            $"{op.Path}: {op.Name} yields {number} at row {r} of {op.Outputs[o].Shape}. "
                            + "Lower the learning rate, clip gradients, or look at its inputs.");
        }
    }
}
