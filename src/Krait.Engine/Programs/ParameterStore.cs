using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>
/// All tensors of a model, in one order of declaration, in flat native arenas: weights and states; gradients and
/// optimizer slots are made when first asked for. Shared by every plan of the model.
/// </summary>
public sealed unsafe class ParameterStore : IDisposable
{
    const int Alignment = 16;

    readonly List<Parameter> _parameters = [];
    readonly Dictionary<string, Parameter> _byName = [];
    readonly List<NativeBuffer> _slots = [];
    NativeBuffer? _values;
    NativeBuffer? _gradients;
    long _size;

    public IReadOnlyList<Parameter> Parameters => _parameters;
    public IEnumerable<Parameter> Weights => _parameters.Where(p => p.Kind == ParameterKind.Weight);

    /// <summary>Numbers that are learned.</summary>
    public long WeightCount => Weights.Sum(p => p.Shape.Count);

    /// <summary>Floats of each flat arena, alignment gaps included.</summary>
    public long Size => _size;

    /// <summary>Grows when a value is changed from outside; plans that hold packed weights then set up again.</summary>
    public int Version { get; private set; }

    /// <summary>Native memory held now, in bytes.</summary>
    public long Bytes => ((_values is null ? 0 : _size) + (_gradients is null ? 0 : _size) + (_slots.Count * _size))
        * sizeof(float);

    /// <exception cref="ArgumentException">A parameter of this name is declared already.</exception>
    public Parameter Declare(string name, ParameterKind kind, Shape checkpointShape, int[]? permutation,
        Initializer init)
    {
        if (_values is not null)
            throw new InvalidOperationException($"{name}: the store is allocated; declare before that.");
        var parameter = new Parameter(name, kind, checkpointShape, permutation, init) { Offset = _size };
        if (!_byName.TryAdd(name, parameter))
            throw new ArgumentException($"{name}: declared twice; every parameter has one name.");
        _parameters.Add(parameter);
        _size += (parameter.Shape.Count + Alignment - 1) / Alignment * Alignment;
        return parameter;
    }

    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fresh values for all parameters, drawn from the seed.</summary>
    public void Initialize(ulong seed)
    {
        foreach (Parameter p in _parameters)
        {
            var values = new float[p.Shape.Count];
            p.Init(seed, p, values);
            Load(p, values);
        }
    }

    /// <summary>Sets a parameter from checkpoint order.</summary>
    public void Load(Parameter p, ReadOnlySpan<float> checkpoint)
    {
        p.ToEngine(checkpoint, Values(p));
        Version++;
    }

    /// <summary>A parameter in checkpoint order.</summary>
    public float[] Save(Parameter p) => Export(p, Values(p));

    /// <summary>A parameter's gradient in checkpoint order.</summary>
    public float[] SaveGradient(Parameter p) => Export(p, Gradient(p));

    /// <summary>The parameter's live values, engine order.</summary>
    public Span<float> Values(Parameter p) => ValueBuffer.Span(p.Offset, checked((int)p.Shape.Count));

    /// <summary>The parameter's live gradient, engine order.</summary>
    public Span<float> Gradient(Parameter p) => GradientBuffer.Span(p.Offset, checked((int)p.Shape.Count));

    public NativeBuffer ValueBuffer => _values ??= new NativeBuffer(_size);
    public NativeBuffer GradientBuffer => _gradients ??= new NativeBuffer(_size);

    /// <summary>Optimizer slot <paramref name="i"/> (first moment, second moment, ...), zero at first.</summary>
    public NativeBuffer Slot(int i)
    {
        while (_slots.Count <= i)
            _slots.Add(new NativeBuffer(_size));
        return _slots[i];
    }

    /// <summary>Says that values were changed in place, as an optimizer does.</summary>
    public void MarkChanged() => Version++;

    public void Dispose()
    {
        _values?.Dispose();
        _gradients?.Dispose();
        foreach (NativeBuffer slot in _slots)
            slot.Dispose();
    }

    static float[] Export(Parameter p, ReadOnlySpan<float> engine)
    {
        var checkpoint = new float[p.Shape.Count];
        p.ToCheckpoint(engine, checkpoint);
        return checkpoint;
    }
}
