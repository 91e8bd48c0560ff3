using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>
/// All tensors of a model, in one order of declaration, in flat native arenas: weights and states; gradients and
/// optimizer slots are made when first asked for. Shared by every plan of the model. A deferred tensor stays in its
/// file until somebody needs it in place: what prediction only packs, or never reads, then takes no memory here.
/// </summary>
public sealed unsafe class ParameterStore : IDisposable
{
    const int Alignment = 16;

    readonly List<Parameter> _parameters = [];
    readonly Dictionary<string, Parameter> _byName = [];
    readonly List<NativeBuffer> _slots = [];
    readonly Dictionary<Parameter, ParameterReader> _deferred = [];
    readonly Lock _gate = new();
    IDisposable? _source;
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

    /// <summary>Fresh values for all parameters, drawn from the seed when they are needed.</summary>
    /// <exception cref="InvalidOperationException">The store has values already.</exception>
    public void Initialize(ulong seed) =>
        Defer(_parameters.Select(p => KeyValuePair.Create<Parameter, ParameterReader>(p, v => p.Init(seed, p, v))));

    /// <summary>Sets a parameter from checkpoint order.</summary>
    public void Load(Parameter p, ReadOnlySpan<float> checkpoint)
    {
        lock (_gate)
            _deferred.Remove(p);
        p.ToEngine(checkpoint, Values(p));
        Version++;
    }

    /// <summary>Sets parameters that are read when they are needed, and as often as they are.</summary>
    /// <param name="readers">One for each parameter that is deferred.</param>
    /// <param name="source">What the readers read from; the store disposes it.</param>
    /// <exception cref="InvalidOperationException">The store has values already.</exception>
    public void Defer(IEnumerable<KeyValuePair<Parameter, ParameterReader>> readers, IDisposable? source = null)
    {
        if (_values is not null || _source is not null)
            throw new InvalidOperationException("the store has values; defer before that.");
        _source = source;
        foreach ((Parameter p, ParameterReader read) in readers)
            _deferred[p] = read;
        Version++;
    }

    /// <summary>A parameter in checkpoint order.</summary>
    public float[] Save(Parameter p)
    {
        lock (_gate)
        {
            if (!_deferred.TryGetValue(p, out ParameterReader? read))
                return Export(p, Values(p));
            var checkpoint = new float[p.Shape.Count];
            read(checkpoint);
            return checkpoint;
        }
    }

    /// <summary>A parameter's gradient in checkpoint order.</summary>
    public float[] SaveGradient(Parameter p) => Export(p, Gradient(p));

    /// <summary>The parameter's live values, engine order.</summary>
    public Span<float> Values(Parameter p)
    {
        lock (_gate)
        {
            Span<float> values = Allocated.Span(p.Offset, checked((int)p.Shape.Count));
            if (_deferred.Remove(p, out ParameterReader? read))
                Fill(p, read, values);
            return values;
        }
    }

    /// <summary>
    /// The parameter's values to read for a while: a deferred one is read into memory that <paramref name="lent"/>
    /// frees.
    /// </summary>
    internal float* Lend(Parameter p, out NativeBuffer? lent)
    {
        lent = null;
        lock (_gate)
        {
            if (!_deferred.TryGetValue(p, out ParameterReader? read))
                return Address(p);
            lent = new NativeBuffer(p.Shape.Count);
            Fill(p, read, lent.Span(0, checked((int)p.Shape.Count)));
            return lent.Pointer;
        }
    }

    /// <summary>Where the parameter's live values begin.</summary>
    internal float* Address(Parameter p) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Values(p)));

    /// <summary>The parameter's live gradient, engine order.</summary>
    public Span<float> Gradient(Parameter p) => GradientBuffer.Span(p.Offset, checked((int)p.Shape.Count));

    /// <summary>All values in one piece; nothing stays deferred.</summary>
    public NativeBuffer ValueBuffer
    {
        get
        {
            lock (_gate)
            {
                foreach (Parameter p in _deferred.Keys.ToList())
                    Values(p);
                return Allocated;
            }
        }
    }

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
        _source?.Dispose();
        _values?.Dispose();
        _gradients?.Dispose();
        foreach (NativeBuffer slot in _slots)
            slot.Dispose();
    }

    NativeBuffer Allocated => _values ??= new NativeBuffer(_size);

    static void Fill(Parameter p, ParameterReader read, Span<float> values)
    {
        if (p.Permutation.IsEmpty)
        {
            read(values);
            return;
        }
        using var native = new NativeBuffer(values.Length);    // an array would stay until a collection
        Span<float> checkpoint = native.Span(0, values.Length);
        read(checkpoint);
        p.ToEngine(checkpoint, values);
    }

    static float[] Export(Parameter p, ReadOnlySpan<float> engine)
    {
        var checkpoint = new float[p.Shape.Count];
        p.ToCheckpoint(engine, checkpoint);
        return checkpoint;
    }
}

/// <summary>Writes all values of a parameter in checkpoint order.</summary>
public delegate void ParameterReader(Span<float> checkpoint);
