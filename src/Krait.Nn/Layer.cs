using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>A layer: parameters made at construction, and one trace from value to value.</summary>
public abstract class Layer(Scope p)
{
    /// <summary>Published path, which errors, profiles and guards speak of.</summary>
    public string Path { get; } = p.Path;

    /// <summary>Appends the layer's ops to the program of <paramref name="x"/>.</summary>
    public Value Forward(Value x)
    {
        using Program.Scoped layer = x.Program.Layer(Path);
        return x.Program.Tap(Path, Trace(x));
    }

    protected abstract Value Trace(Value x);
}
