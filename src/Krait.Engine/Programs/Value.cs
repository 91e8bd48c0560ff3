namespace Krait.Engine.Programs;

/// <summary>Where the memory of a value comes from.</summary>
public enum ValueSource
{
    /// <summary>An op of the program writes it.</summary>
    Op,

    /// <summary>The caller writes it before a run.</summary>
    Input,

    /// <summary>It is a parameter of the store.</summary>
    Parameter,

    /// <summary>It is a parameter's place in the store's flat gradient.</summary>
    Gradient,
}

/// <summary>
/// A symbolic value: its shape is known, its data is not there before a plan runs. A value is either a root with memory
/// of its own, or a view: a range of channels, or another shape, of its base.
/// </summary>
public sealed class Value
{
    internal Value(Program program, Shape shape, ValueSource source)
    {
        Program = program;
        Shape = shape;
        Source = source;
        Id = program.Register(this);
    }

    public Program Program { get; }
    public Shape Shape { get; }
    public ValueSource Source { get; }

    /// <summary>The op that yields it; null for inputs, parameters and gradients.</summary>
    public Op? Producer { get; internal set; }

    /// <summary>The parameter behind <see cref="ValueSource.Parameter"/> and
    /// <see cref="ValueSource.Gradient"/>.</summary>
    public Parameter? Parameter { get; internal init; }

    /// <summary>Given by <see cref="Program.Keep"/> or <see cref="Program.Input"/>.</summary>
    public string? Name { get; internal set; }

    internal int Id { get; }

    /// <summary>What this is a view of, if it is one.</summary>
    internal Value? Base { get; private set; }

    /// <summary>First channel of the base that the view shows.</summary>
    internal int BaseChannel { get; private set; }

    /// <summary>A view of another width cuts rows anew and so needs its base dense.</summary>
    internal bool NeedsDenseBase => Base is not null && BaseChannel == 0 && Shape.Width != Base.Shape.Width
        && Shape.Count == Base.Shape.Count;

    internal bool HasDenseViews { get; private set; }

    internal void MakeView(Value of, int channel)
    {
        Base = of;
        BaseChannel = channel;
        if (NeedsDenseBase)
            for (Value? v = of; v is not null; v = v.Base)
                v.HasDenseViews = true;
    }

    /// <summary>True for a root that an op writes: its memory may still be moved into that of another value.</summary>
    internal bool CanMove => Base is null && Source == ValueSource.Op && !HasDenseViews && Producer is not null;

    /// <summary>The root whose memory this lies in, the offset in it and the stride of rows, in floats.</summary>
    internal (Value Root, long Offset, long Stride) Resolve()
    {
        if (Base is null)
            return (this, 0, Shape.Width);
        (Value root, long offset, long stride) = Base.Resolve();
        return (root, offset + BaseChannel, NeedsDenseBase ? Shape.Width : stride);
    }

    /// <summary>True when the rows lie without gaps.</summary>
    internal bool IsDense => Resolve().Stride == Shape.Width || Shape.Rows == 1;

    public override string ToString() =>
        $"{Name ?? Producer?.ToString() ?? Parameter?.Name ?? Source.ToString()} {Shape}";
}
