namespace Krait.Engine.Programs;

/// <summary>
/// A straight line of coarse ops on symbolic values, made by tracing a model's Forward. Nothing runs here: a
/// <see cref="Plan"/> places and runs it.
/// </summary>
public sealed class Program
{
    readonly List<Op> _ops = [];
    readonly List<Value> _values = [];
    readonly List<Value> _inputs = [];
    readonly List<Value> _kept = [];
    readonly Dictionary<Parameter, Value> _parameters = [];
    readonly Dictionary<Parameter, Value> _gradients = [];
    readonly Stack<string> _path = new();
    int _block = -1;
    int _blocks;

    /// <param name="isTraining">Norms use batch statistics and update running ones; dropout draws.</param>
    public Program(bool isTraining) => IsTraining = isTraining;

    public bool IsTraining { get; }
    public IReadOnlyList<Op> Ops => _ops;
    public IReadOnlyList<Value> Inputs => _inputs;

    /// <summary>What stays readable after a run.</summary>
    public IReadOnlyList<Value> Kept => _kept;

    /// <summary>How many recomputation blocks the model has marked.</summary>
    public int BlockCount => _blocks;

    internal IReadOnlyList<Value> Values => _values;

    /// <summary>Path of the layer being traced.</summary>
    public string Path => _path.Count == 0 ? "" : _path.Peek();

    /// <summary>A value that the caller writes before each run.</summary>
    public Value Input(string name, Shape shape)
    {
        var value = new Value(this, shape, ValueSource.Input) { Name = name };
        _inputs.Add(value);
        return value;
    }

    /// <summary>The store's tensor as a value.</summary>
    public Value Parameter(Parameter parameter)
    {
        if (!_parameters.TryGetValue(parameter, out Value? value))
        {
            value = new Value(this, parameter.Shape, ValueSource.Parameter) { Parameter = parameter };
            _parameters.Add(parameter, value);
        }
        return value;
    }

    /// <summary>Makes a value readable after a run, under a name.</summary>
    public Value Keep(Value value, string name)
    {
        value.Name ??= name;
        if (!_kept.Contains(value))
            _kept.Add(value);
        return value;
    }

    /// <summary>Paths whose values are to be kept when they are traced; set before tracing.</summary>
    public ISet<string> Watched { get; } = new HashSet<string>();

    /// <summary>Whether somebody wants to see the value of this path; fused layers then show it.</summary>
    public bool IsWatched(string path) => Watched.Contains(path);

    /// <summary>Keeps the value under its path if the path is watched.</summary>
    public Value Tap(string path, Value value)
    {
        if (IsWatched(path) && Find(path) is null)
            Keep(value.Name is null ? value : Krait.Engine.Ops.Copy.Apply(value), path);
        return value;
    }

    /// <summary>A kept value by name.</summary>
    public Value? Find(string name) =>
        _kept.FirstOrDefault(v => v.Name == name) ?? _inputs.FirstOrDefault(v => v.Name == name);

    /// <summary>Ops appended until the scope is disposed belong to the layer of this full path.</summary>
    public Scoped Layer(string path)
    {
        _path.Push(path);
        return new Scoped(this, false);
    }

    /// <summary>
    /// Ops appended until disposal form a block that the backward program may recompute instead of keeping its
    /// inner values. Blocks do not nest: an inner one is part of the outer.
    /// </summary>
    public Scoped RecomputableBlock()
    {
        if (_block >= 0)
            return default;
        _block = _blocks++;
        return new Scoped(this, true);
    }

    /// <summary>Adds an op; its inputs must be values of this program.</summary>
    public T Append<T>(T op) where T : Op
    {
        foreach (Value? input in op.Inputs)
            if (input is not null && input.Program != this)
                throw new InvalidOperationException($"{op.Name}: an input belongs to another program.");
        op.Place(Path, _block);
        _ops.Add(op);
        return op;
    }

    internal int Register(Value value)
    {
        _values.Add(value);
        return _values.Count - 1;
    }

    /// <summary>A parameter's place in the flat gradient.</summary>
    internal Value GradientOf(Parameter parameter)
    {
        if (!_gradients.TryGetValue(parameter, out Value? value))
        {
            value = new Value(this, parameter.Shape, ValueSource.Gradient) { Parameter = parameter };
            _gradients.Add(parameter, value);
        }
        return value;
    }

    /// <summary>Parameters whose gradient the program produces.</summary>
    public IReadOnlyCollection<Parameter> LearnedParameters => _gradients.Keys;

    internal void EnterBlock(int block) => _block = block;

    /// <summary>Ends a layer or a block when disposed.</summary>
    public readonly struct Scoped : IDisposable
    {
        readonly Program? _program;
        readonly bool _isBlock;

        internal Scoped(Program program, bool isBlock)
        {
            _program = program;
            _isBlock = isBlock;
        }

        public void Dispose()
        {
            if (_program is null)
                return;
            if (_isBlock)
                _program._block = -1;
            else
                _program._path.Pop();
        }
    }
}
