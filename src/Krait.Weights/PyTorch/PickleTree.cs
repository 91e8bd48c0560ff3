using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Krait.Weights;

/// <summary>Finds the tensors and the plain values in what a pickle described.</summary>
internal sealed class PickleTree(string file)
{
    // A pickle can nest one list in itself a thousand times over; these bound what is walked, not what is stored.
    const int MaxDepth = 64;
    const int MaxNodes = 2_000_000;
    const int MaxNameLength = 2048;

    readonly List<(string Name, TorchTensor Tensor)> tensors = [];
    int nodes;

    /// <summary>All tensors below dictionaries, lists and tuples; keys are joined with ".".</summary>
    public static List<(string Name, TorchTensor Tensor)> Tensors(string file, object? root)
    {
        var tree = new PickleTree(file);
        tree.Collect(root, "", 0);
        return tree.tensors;
    }

    /// <summary>Numbers, text and lists; tensors and unknown objects are left out.</summary>
    public static JsonNode? PlainValues(string file, object? root) => new PickleTree(file).Json(root, 0);

    void Collect(object? value, string name, int depth)
    {
        Visit(depth, name);
        switch (value)
        {
            case TorchTensor tensor:
                tensors.Add((name.Length > 0 ? name : "tensor", tensor));
                break;
            case PyDict dictionary:
                CollectEntries(dictionary, name, depth);
                break;
            case PyList list:
                CollectItems(list.Items, name, depth);
                break;
            case PyTuple tuple:
                CollectItems(tuple.Items, name, depth);
                break;
            case PyInert inert:
                // A dictionary or list of an unknown class still shows its items; its attributes stay closed.
                if (inert.Entries is { } entries)
                    CollectEntries(entries, name, depth);
                if (inert.Items is { } items)
                    CollectItems(items.Items, name, depth);
                break;
        }
    }

    void CollectEntries(PyDict dictionary, string name, int depth)
    {
        var position = 0;
        foreach (var (key, value) in dictionary.Entries)
        {
            var text = PyDict.KeyText(key) ?? position.ToString(CultureInfo.InvariantCulture);
            if (IsContainer(value))
                Collect(value, Join(name, text), depth + 1);
            position++;
        }
    }

    void CollectItems(IReadOnlyList<object?> items, string name, int depth)
    {
        for (var i = 0; i < items.Count; i++)
            if (IsContainer(items[i]))
                Collect(items[i], Join(name, i.ToString(CultureInfo.InvariantCulture)), depth + 1);
    }

    static bool IsContainer(object? value) => value is TorchTensor or PyDict or PyList or PyTuple or PyInert;

    string Join(string name, string key) => name.Length + key.Length > MaxNameLength
        ? throw new WeightsException($"read {file}: names of tensors have at most {MaxNameLength} letters; " +
            $"{name[..Math.Min(name.Length, 40)]}... has more. The file is damaged; download or save it again.")
        : name.Length == 0 ? key : $"{name}.{key}";

    JsonNode? Json(object? value, int depth)
    {
        Visit(depth, "");
        return value switch
        {
            bool b => JsonValue.Create(b),
            long n => JsonValue.Create(n),
            BigInteger n => JsonValue.Create(n.ToString(CultureInfo.InvariantCulture)),
            double d => double.IsFinite(d) ? JsonValue.Create(d) : d.ToString(CultureInfo.InvariantCulture),
            string s => JsonValue.Create(s),
            PyDict dictionary => JsonOf(dictionary, depth),
            PyList list => JsonOf(list.Items, depth),
            PyTuple tuple => JsonOf(tuple.Items, depth),
            PySet set => JsonOf(set.Items, depth),
            _ => null,
        };
    }

    JsonObject JsonOf(PyDict dictionary, int depth)
    {
        var result = new JsonObject();
        foreach (var (key, value) in dictionary.Entries)
            if (PyDict.KeyText(key) is { } text && IsPlain(value))
                result[text] = Json(value, depth + 1);
        return result;
    }

    JsonArray JsonOf(IReadOnlyList<object?> items, int depth)
    {
        var result = new JsonArray();
        foreach (var item in items)
            result.Add(Json(item, depth + 1));
        return result;
    }

    static bool IsPlain(object? value) => value is not (TorchTensor or TorchStorage or PyInert or PyGlobal or byte[]);

    void Visit(int depth, string name)
    {
        if (depth > MaxDepth || ++nodes > MaxNodes)
            throw new WeightsException($"read {file}: values nest at most {MaxDepth} deep and number at most " +
                $"{MaxNodes}; these{(name.Length > 0 ? $" below {name[..Math.Min(name.Length, 40)]}" : "")} do not " +
                "end. Save only model.state_dict().");
    }
}
