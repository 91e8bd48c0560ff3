using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Krait.Weights;

/// <summary>How a weights file is laid out.</summary>
public enum WeightsContainer
{
    Safetensors,
    /// <summary>torch.save since 1.6: a zip archive with one pickle and one entry a storage.</summary>
    PyTorchZip,
    /// <summary>torch.save before 1.6: pickles, then the storages.</summary>
    PyTorchLegacy,
}

/// <summary>An open weights file: names, types and shapes are known; tensor data is read when asked for.</summary>
public sealed class TensorFile : IDisposable
{
    readonly FileSource file;
    readonly Dictionary<string, HostTensor> byName;

    internal TensorFile(string path, WeightsContainer container, FileSource file, IReadOnlyList<HostTensor> tensors)
    {
        Path = path;
        Container = container;
        this.file = file;
        Tensors = tensors;
        byName = new Dictionary<string, HostTensor>(tensors.Count, StringComparer.Ordinal);
        foreach (var tensor in tensors)
            if (!byName.TryAdd(tensor.Name, tensor))
                throw new WeightsException($"read {FileName}: names are unique; {tensor.Name} comes twice. " +
                    "The file is damaged or ambiguous; save it again.");
    }

    public string Path { get; }

    public string FileName => System.IO.Path.GetFileName(Path);

    public WeightsContainer Container { get; }

    /// <summary>All tensors in the order of the file.</summary>
    public IReadOnlyList<HostTensor> Tensors { get; }

    /// <summary>The metadata of a safetensors file; empty for other containers.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; internal init; } = new Dictionary<string, string>();

    /// <summary>Numbers, strings and lists beside the tensors of a PyTorch file (epoch, learning rates, ...).</summary>
    /// <remarks>
    /// Tensors, unknown objects and numpy arrays are left out; not-a-number and infinities are strings.
    /// </remarks>
    public JsonNode? PlainValues { get; internal init; }

    /// <summary>Classes and functions that a PyTorch file names and that were neither looked up nor called.</summary>
    public IReadOnlyList<string> InertNames { get; internal init; } = [];

    public HostTensor this[string name] => TryGet(name, out var tensor)
        ? tensor
        : throw new WeightsException($"read {FileName}: no tensor {name}. It has {Tensors.Count} tensors" +
            (Tensors.Count > 0 ? $", the first is {Tensors[0].Name}." : "."));

    public bool TryGet(string name, [NotNullWhen(true)] out HostTensor? tensor) => byName.TryGetValue(name, out tensor);

    /// <summary>SHA-256 of the whole file, lower-case hexadecimal.</summary>
    public string ComputeSha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[1 << 16];
        for (long done = 0; done < file.Length;)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, file.Length - done));
            file.Read(done, part);
            hash.AppendData(part);
            done += part.Length;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Closes the file; tensors that were not read yet can no longer be.</summary>
    public void Dispose() => file.Dispose();
}
