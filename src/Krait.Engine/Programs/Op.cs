using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>
/// One coarse step of a program. An op holds values only in <see cref="Inputs"/> and <see cref="Outputs"/>, so that it
/// can be cloned for recomputation; everything else is settings.
/// </summary>
public abstract class Op
{
    Value?[] _inputs = [];
    Value[] _outputs = [];

    /// <summary>Operands in a fixed order; null where an optional one is missing.</summary>
    public IReadOnlyList<Value?> Inputs => _inputs;

    public IReadOnlyList<Value> Outputs => _outputs;

    /// <summary>The path of the layer that made the op, such as layers.2.blocks.1.ss2d.</summary>
    public string Path { get; private set; } = "";

    /// <summary>The number of the recomputation block that the op belongs to; -1 outside.</summary>
    internal int Block { get; private set; } = -1;

    /// <summary>A second run of an op for the backward pass: must not change state again.</summary>
    public bool IsRecomputed { get; private set; }

    /// <summary>The noun that users read in profiles and errors.</summary>
    public virtual string Name => GetType().Name;

    public abstract Cost Cost { get; }

    /// <summary>The op changes state of the store (running statistics), so it is run even if nobody reads it.</summary>
    public virtual bool HasSideEffect => false;

    /// <summary>The op draws random numbers or changes state, so it never counts as constant.</summary>
    public virtual bool IsPure => !HasSideEffect;

    /// <summary>Whether output may lie in the memory of input, when that input dies here.</summary>
    public virtual bool CanOverwrite(int output, int input) => false;

    /// <summary>Whether a run reads the input; one that only the gradient refers to needs no memory in
    /// prediction.</summary>
    public virtual bool Reads(int input) => true;

    /// <summary>
    /// Whether the backward program had better make the outputs again than keep them: few operations a number, and no
    /// gradient that reads them.
    /// </summary>
    public virtual bool IsCheap => false;

    /// <summary>Whether the output's rows may have gaps (lie inside a concatenation).
    /// Kernels should honour strides.</summary>
    public virtual bool AllowsStride(int output) => true;

    /// <summary>
    /// Rows of its inputs before a row, in the same sample, that a row of the output is made of: 0 where rows do not
    /// know each other; a state that runs along counts nothing. Null: the op does not run slab by slab.
    /// </summary>
    public virtual int? RowsBefore => null;

    /// <summary>
    /// Makes the rows of a slab: the frame shows this slab's rows only, and those before it lie where they would. Slabs
    /// of a sample come in order.
    /// </summary>
    public virtual void RunSlab(Device device, in Frame frame, Slab slab) => Run(device, frame);

    /// <summary>
    /// Appends the ops of the gradient: reads <see cref="Gradients.Of"/> each output and gives to each input that
    /// <see cref="Gradients.Needs"/> one.
    /// </summary>
    public virtual void Differentiate(Gradients gradients) =>
        throw new NotSupportedException($"{Path} {Name}: has no gradient.");

    /// <summary>Calls the device.</summary>
    public abstract void Run(Device device, in Frame frame);

    /// <summary>Settles inputs and outputs; called once by constructors through <see cref="Program.Append"/>.</summary>
    protected void Bind(Program program, ReadOnlySpan<Value?> inputs, ReadOnlySpan<Shape> outputs)
    {
        _inputs = inputs.ToArray();
        _outputs = new Value[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
            _outputs[i] = new Value(program, outputs[i], ValueSource.Op) { Producer = this };
    }

    internal void Place(string path, int block)
    {
        Path = path;
        Block = block;
    }

    /// <summary>The same op on other inputs with new outputs, for recomputation.</summary>
    internal Op CloneOn(Value?[] inputs)
    {
        var clone = (Op)MemberwiseClone();
        clone.IsRecomputed = true;
        clone._inputs = inputs;
        clone._outputs = new Value[_outputs.Length];
        for (int i = 0; i < _outputs.Length; i++)
            clone._outputs[i] = new Value(_outputs[i].Program, _outputs[i].Shape, ValueSource.Op) { Producer = clone };
        clone.OnCloned();
        return clone;
    }

    /// <summary>The op as if it read other inputs of the same values: to differentiate, not to run.</summary>
    internal Op Reading(Value?[] inputs) => Between(inputs, _outputs);

    /// <summary>The op with other inputs and with outputs that another op would write.</summary>
    private protected Op Between(Value?[] inputs, IReadOnlyList<Value> outputs)
    {
        var op = (Op)MemberwiseClone();
        op._inputs = inputs;
        op._outputs = [.. outputs];
        return op;
    }

    /// <summary>In prediction: the op with the work of <see cref="Fusion.LastMaker"/> in it,
    /// or the op itself.</summary>
    internal virtual Op Absorb(Fusion fusion) => this;

    /// <summary>Views attach their output to their new base here.</summary>
    internal virtual void OnCloned()
    {
    }

    /// <summary>Throws a <see cref="ShapeException"/> "op: rule; got ...".</summary>
    protected void Require(bool holds, string rule, params ReadOnlySpan<object?> got) =>
        ShapeException.Require(holds, Name, rule, got);

    public override string ToString() => Path.Length == 0 ? Name : $"{Path} {Name}";
}
