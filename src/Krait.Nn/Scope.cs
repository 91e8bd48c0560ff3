using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>
/// A place in a model's tree of names. Parameters come from it, so their names equal the published checkpoint's:
/// <c>new Linear(p / "in_proj", ...)</c> declares in_proj.weight below p.
/// </summary>
public sealed class Scope
{
    readonly ParameterStore _store;

    /// <summary>The root of a model.</summary>
    public Scope(ParameterStore store) : this(store, "")
    {
    }

    Scope(ParameterStore store, string path)
    {
        _store = store;
        Path = path;
    }

    /// <summary>Names from the root, joined by dots.</summary>
    public string Path { get; }

    public static Scope operator /(Scope scope, string name) => new(scope._store, scope.Name(name));

    public static Scope operator /(Scope scope, int index) =>
        scope / index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Declares a learned tensor.</summary>
    /// <param name="shape">In the checkpoint's order of axes.</param>
    /// <param name="permutation">Engine axis i is checkpoint axis permutation[i]; null: the same order.</param>
    public Parameter Weight(string name, Shape shape, Initializer init, int[]? permutation = null) =>
        _store.Declare(Name(name), ParameterKind.Weight, shape, permutation, init);

    /// <summary>Declares a tensor that is saved but not learned, such as running statistics.</summary>
    public Parameter State(string name, Shape shape, Initializer init) =>
        _store.Declare(Name(name), ParameterKind.State, shape, null, init);

    /// <summary>Declares a counter, 0 at first.</summary>
    public Parameter Counter(string name) =>
        _store.Declare(Name(name), ParameterKind.Counter, new Shape(1), null, Init.Zeros);

    public override string ToString() => Path;

    string Name(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
