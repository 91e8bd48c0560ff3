namespace Krait.Weights;

/// <summary>The storages that a pickle names by persistent ids.</summary>
/// <param name="file">Name of the file, for messages.</param>
/// <param name="globals">Knows the storage classes.</param>
/// <param name="open">Gives the bytes of a key at once; null where they come after the pickle.</param>
internal sealed class TorchStorages(string file, KnownGlobals globals, Func<string, long, ByteSource>? open)
{
    readonly Dictionary<string, TorchStorage> byKey = new(StringComparer.Ordinal);
    readonly List<(TorchStorage View, TorchStorage Whole, long Offset)> views = [];

    public TorchStorage? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>
    /// ("storage", class, key, device, count), in old files with (view key, offset, count) for a part of a storage;
    /// ("module", class, source file, source) names a class and is passed through.
    /// </summary>
    public object? Load(object? id)
    {
        switch (id)
        {
            case PyTuple { Items: ["module", PyGlobal global, ..] }:
                return global;
            case PyTuple { Items: ["storage", var type, string key, _, long count, .. var rest] }:
                var storage = Get(key, globals.StorageType(type), count);
                return rest is [PyTuple { Items: [string viewKey, long offset, long size] }]
                    ? GetView(viewKey, storage, offset, size)
                    : storage;
            default:
                throw Damaged("names data in an unknown way");
        }
    }

    TorchStorage Get(string key, DType type, long count)
    {
        if (byKey.TryGetValue(key, out var known))
            return known.Type == type && known.Count == count
                ? known
                : throw Damaged($"describes storage {Short(key)} in two ways");
        if (count < 0 || count > long.MaxValue / 16)
            throw Damaged($"gives storage {Short(key)} {count} elements");
        var storage = new TorchStorage(Short(key), type, count) { Bytes = open?.Invoke(key, count * type.Size()) };
        byKey.Add(key, storage);
        return storage;
    }

    TorchStorage GetView(string key, TorchStorage whole, long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > whole.Count - count)
            throw Damaged($"has a part of storage {whole.Key} that lies outside of it");
        var view = new TorchStorage(Short(key), whole.Type, count);
        views.Add((view, whole, offset));
        return view;
    }

    /// <summary>Gives parts of storages their bytes and sees that every storage has some.</summary>
    public void CheckAttached()
    {
        foreach (var storage in byKey.Values)
            if (storage.Bytes is null)
                throw Damaged($"speaks of storage {storage.Key}, which the file lacks");
        foreach (var (view, whole, offset) in views)
        {
            var size = whole.Type.Size();
            view.Bytes = whole.Bytes!.Slice(offset * size, view.Count * size);
        }
    }

    static string Short(string key) => key.Length <= 40 ? key : key[..40] + "...";

    WeightsException Damaged(string what) =>
        new($"read {file}: the pickle {what}. The file is damaged; download or save it again.");
}
