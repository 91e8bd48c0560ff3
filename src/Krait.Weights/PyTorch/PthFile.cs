using System.Collections.Immutable;
using System.Numerics;

namespace Krait.Weights;

/// <summary>
/// Files of torch.save (.pth, .pt): read only, in both containers, without running anything that a file names.
/// </summary>
/// <remarks>
/// Names are the keys of nested dictionaries joined with "."; positions in lists are numbers. Prefixes such as
/// "module." stay as they are: the loader strips them.
/// </remarks>
public static class PthFile
{
    // What the legacy container begins with, each a pickle of its own.
    static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356");
    const long LegacyVersion = 1001;

    /// <summary>
    /// Opens a file, reads its pickle and checks where each tensor lies; tensor data is read when asked for.
    /// </summary>
    /// <exception cref="WeightsException">If the file is missing, damaged, hostile, or holds no tensors.</exception>
    public static TensorFile Read(string path) => WeightsFile.Open(path, allowSafetensors: false);

    internal static TensorFile ReadZip(string path, FileSource file)
    {
        var name = Path.GetFileName(path);
        var zip = new ZipFile(name, file);
        var pickles = zip.Names.Where(n => n == "data.pkl" || n.EndsWith("/data.pkl", StringComparison.Ordinal));
        var pickle = pickles.MinBy(n => n.Length) ?? throw new WeightsException($"read {name}: a zip archive without " +
            "data.pkl is no PyTorch checkpoint. Name a file that torch.save wrote.");
        var folder = pickle[..^"data.pkl".Length];
        if (zip.SizeOf(folder + "byteorder") is <= 16 && zip.Open(folder + "byteorder").ReadAll() is [(byte)'b', ..])
            throw BigEndian(name);
        if (zip.SizeOf(pickle) > PickleInput.MaxBytes)
            throw new WeightsException($"read {name}: the pickle may have {PickleInput.MaxBytes} bytes; it has " +
                $"{zip.SizeOf(pickle)}. Save only model.state_dict().");
        var globals = new KnownGlobals(name);
        var storages = new TorchStorages(name, globals, (key, bytes) => OpenStorage(name, zip, folder, key, bytes));
        var root = new Unpickler(name, new PickleInput(name, zip.Open(pickle)), globals, storages.Load).Load();
        return Finish(path, WeightsContainer.PyTorchZip, file, root, globals);
    }

    static ByteSource OpenStorage(string file, ZipFile zip, string folder, string key, long bytes)
    {
        var entry = $"{folder}data/{key}";
        if (zip.SizeOf(entry) is not { } size)
            throw new WeightsException($"read {file}: the pickle speaks of {entry}; the archive lacks it. The file " +
                "is damaged; download or save it again.");
        if (size < bytes)
            throw new WeightsException($"read {file}: {entry} should have {bytes} bytes; it has {size}. The file is " +
                "damaged; download or save it again.");
        return zip.Open(entry).Slice(0, bytes);
    }

    internal static TensorFile ReadLegacy(string path, FileSource file)
    {
        var name = Path.GetFileName(path);
        var input = new PickleInput(name, file);
        var globals = new KnownGlobals(name);
        var storages = new TorchStorages(name, globals, null);
        object? Next() => new Unpickler(name, input, globals, storages.Load).Load();

        if (Next() is not BigInteger magic || magic != LegacyMagic)
            throw new WeightsException($"read {name}: this is a bare Python pickle and no PyTorch checkpoint. Save " +
                "it with torch.save(model.state_dict(), path).");
        if (Next() is not LegacyVersion)
            throw new WeightsException($"read {name}: the container has a version other than {LegacyVersion}. Load " +
                "it in PyTorch and save it again.");
        if (Next() is PyDict system && system.Get("little_endian") is false)
            throw BigEndian(name);
        var root = Next();
        AttachStorages(name, file, storages, Next() as PyList, input);
        return Finish(path, WeightsContainer.PyTorchLegacy, file, root, globals);
    }

    /// <summary>After the pickles: for each key of the list its element count (int64) and its bytes.</summary>
    static void AttachStorages(string name, FileSource file, TorchStorages storages, PyList? keys, PickleInput input)
    {
        var at = input.Position;
        Span<byte> count = stackalloc byte[8];
        foreach (var key in keys?.Items ?? [])
        {
            if (key is not string text || storages.Find(text) is not { Bytes: null } storage)
                throw new WeightsException($"read {name}: the list of storages names one that no tensor uses. The " +
                    "file is damaged; download or save it again.");
            var bytes = storage.Count * storage.Type.Size();
            if (at > file.Length - count.Length || at + count.Length > file.Length - bytes)
                throw new WeightsException($"read {name}: storage {text} needs {bytes} bytes; the file ends before. " +
                    "It was cut short; download or save it again.");
            file.Read(at, count);
            if (BitConverter.ToInt64(count) != storage.Count)
                throw new WeightsException($"read {name}: storage {text} has {BitConverter.ToInt64(count)} elements; " +
                    $"the pickle says {storage.Count}. The file is damaged; download or save it again.");
            storage.Bytes = file.Slice(at + count.Length, bytes);
            at += count.Length + bytes;
        }
        storages.CheckAttached();
    }

    static TensorFile Finish(string path, WeightsContainer container, FileSource file, object? root,
        KnownGlobals globals)
    {
        var name = Path.GetFileName(path);
        var tensors = PickleTree.Tensors(name, root).Select(t => t.Tensor.ToHost(t.Name)).ToImmutableArray();
        if (tensors.Length == 0)
            throw new WeightsException(root is PyInert inert
                ? $"read {name}: tensors wanted; it holds an object of {inert.ClassName}, which is not run. Save " +
                    "model.state_dict() instead of the model."
                : $"read {name}: it holds no tensors. Save model.state_dict().");
        return new TensorFile(path, container, file, tensors)
        {
            PlainValues = PickleTree.PlainValues(name, root),
            InertNames = [.. globals.InertNames],
        };
    }

    static WeightsException BigEndian(string name) =>
        new($"read {name}: it was written on a big-endian machine. Load it in PyTorch and save it again.");
}
