using System.Globalization;
using System.Numerics;

namespace Krait.Weights;

// What a restricted unpickler can build besides null, bool, long, BigInteger, double, string and byte[].

internal sealed class PyTuple(object?[] items)
{
    public object?[] Items => items;

    public static readonly PyTuple Empty = new([]);
}

internal sealed class PyList
{
    List<object?>? items;

    public IReadOnlyList<object?> Items => items ?? [];

    public void Add(object? item) => (items ??= []).Add(item);
}

internal sealed class PySet
{
    List<object?>? items;

    public IReadOnlyList<object?> Items => items ?? [];

    public void Add(object? item) => (items ??= []).Add(item);
}

/// <summary>A dictionary in insertion order; setting a known key replaces its value, as in Python.</summary>
internal sealed class PyDict
{
    // Made when the first entry comes: a hostile pickle makes an empty dictionary from every single byte.
    List<KeyValuePair<object?, object?>>? entries;
    Dictionary<object, int>? index;

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => entries ?? [];

    public void Set(object? key, object? value)
    {
        entries ??= [];
        // Only plain keys are compared by value; for all others it does not matter here.
        if (key is string or long or bool or double)
        {
            index ??= [];
            if (index.TryGetValue(key, out var i))
            {
                entries[i] = new(key, value);
                return;
            }
            index.Add(key, entries.Count);
        }
        entries.Add(new(key, value));
    }

    public object? Get(string key) => index is not null && index.TryGetValue(key, out var i) ? entries![i].Value : null;

    /// <summary>A key as part of a tensor's name; null for keys that have no short text.</summary>
    public static string? KeyText(object? key) => key switch
    {
        string s => s,
        long n => n.ToString(CultureInfo.InvariantCulture),
        BigInteger n => n.ToString(CultureInfo.InvariantCulture),
        bool b => b ? "True" : "False",
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        null => "None",
        _ => null,
    };
}

/// <summary>A class or function that the file names. It is a pair of words: nothing is looked up.</summary>
internal sealed record PyGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>
/// What stands for an object of an unknown class. It takes state and items and does nothing with them.
/// </summary>
internal sealed class PyInert(string className)
{
    PyDict? entries;
    PyList? items;

    public string ClassName => className;

    /// <summary>Entries of a dictionary-like object, null when none were set.</summary>
    public PyDict? Entries => entries;

    /// <summary>Items of a list-like object, null when none were added.</summary>
    public PyList? Items => items;

    public void Set(object? key, object? value) => (entries ??= new PyDict()).Set(key, value);

    public void Add(object? item) => (items ??= new PyList()).Add(item);
}
