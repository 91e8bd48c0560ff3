namespace Krait.Weights;

/// <summary>safetensors: 8-byte little-endian header length, JSON header, raw little-endian tensor data.</summary>
public static class SafetensorsFile
{
    /// <summary>Opens a file and checks its header; tensor data is read when asked for.</summary>
    /// <exception cref="WeightsException">
    /// If the file is missing, cut short, or breaks a rule of the format.
    /// </exception>
    public static TensorFile Read(string path)
    {
        var file = FileSource.Open(path);
        try
        {
            return Read(path, file);
        }
        catch (WeightsException)
        {
            file.Dispose();
            throw;
        }
    }

    internal static TensorFile Read(string path, FileSource file)
    {
        var header = SafetensorsHeader.Read(Path.GetFileName(path), file);
        var tensors = new List<HostTensor>(header.Entries.Count);
        foreach (var e in header.Entries)
            tensors.Add(new HostTensor(e.Name, e.Shape, e.Type,
                file.Slice(header.DataStart + e.Begin, e.End - e.Begin)));
        return new TensorFile(path, WeightsContainer.Safetensors, file, tensors) { Metadata = header.Metadata };
    }

    /// <summary>Writes tensors in the given order. The file appears whole or not at all.</summary>
    /// <exception cref="WeightsException">
    /// If a name comes twice or the disk refuses; an older file stays as it was.
    /// </exception>
    public static void Write(string path, IEnumerable<HostTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var list = tensors.ToList();
        var header = SafetensorsHeader.Build(Path.GetFileName(path), list, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            var chunk = new byte[1 << 16];
            foreach (var tensor in list)
                for (long done = 0; done < tensor.ByteCount;)
                {
                    var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, tensor.ByteCount - done));
                    tensor.CopyBytesTo(part, done);
                    stream.Write(part);
                    done += part.Length;
                }
        });
    }
}
