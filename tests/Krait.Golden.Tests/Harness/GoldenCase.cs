using System.Text.Json;
using Krait.Engine.Programs;
using Krait.Weights;

namespace Krait.Golden.Tests.Harness;

/// <summary>One case: what case.json says, and its tensors.</summary>
internal sealed class GoldenCase : IDisposable
{
    readonly JsonDocument _document;
    readonly Dictionary<string, TensorFile> _files = new(StringComparer.Ordinal);

    public GoldenCase(string name)
    {
        Name = name;
        Folder = Path.Combine(GoldenRoot.Folder, name);
        _document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "case.json")));
    }

    public string Name { get; }
    public string Folder { get; }
    public JsonElement Json => _document.RootElement;
    public string Kind => Json.Text("kind");
    public JsonElement Args => Json.Part("args");
    public JsonElement Tolerance => Json.Part("tolerance");
    public IEnumerable<JsonElement> Items => Json.Part("items").EnumerateArray();

    /// <summary>Norms use the statistics of the batch.</summary>
    public bool IsTraining => (Json.Has("mode") && Json.Text("mode") == "train")
        || (Args.Has("training") && Args.Flag("training"));

    /// <summary>What lies between the network and output.</summary>
    public string Wrapper => Json.Text("wrapper");

    public TensorFile Io => Open("io.safetensors");

    public bool HasTensor(string name) => Io.TryGet(name, out _);

    /// <summary>A tensor of io.safetensors in the file's order of axes.</summary>
    public HostArray Tensor(string name) => HostArray.Read(Io[name]);

    /// <summary>A tensor of io.safetensors with the engine's order of axes.</summary>
    public HostArray EngineTensor(string name) => Tensor(name).Permute(Harness.Layout.ToEngine(LayoutOf(name)));

    /// <summary>Names in io.safetensors that begin so, without the beginning.</summary>
    public IEnumerable<string> NamesAfter(string prefix) => Io.Tensors.Select(t => t.Name)
        .Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..]);

    /// <summary>name, or name.0, name.1, ... in order.</summary>
    public IReadOnlyList<string> Numbered(string name)
    {
        if (HasTensor(name))
            return [name];
        var names = new List<string>();
        while (HasTensor($"{name}.{names.Count}"))
            names.Add($"{name}.{names.Count}");
        return names;
    }

    /// <summary>The state dictionary, a second file's tensors in place of the first's where there is one.</summary>
    public IReadOnlyDictionary<string, HostTensor> Weights()
    {
        const string own = "weights.safetensors";
        var files = new List<string>();
        if (Json.Has("weights"))
            files.Add(Json.Text("weights"));
        else if (File.Exists(Path.Combine(Folder, own)))
            files.Add(own);
        if (Json.Has("weights_override"))
            files.Add(Json.Text("weights_override"));
        var weights = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        foreach (HostTensor tensor in files.SelectMany(f => Open(f).Tensors))
            weights[tensor.Name] = tensor;
        return weights;
    }

    /// <summary>Sets every parameter of the store, by name; both sides must have the same names and shapes.</summary>
    /// <param name="repeats">Second names in the file, which hold the same numbers as the first.</param>
    public void LoadWeights(ParameterStore store, IReadOnlyDictionary<string, string>? repeats = null)
    {
        IReadOnlyDictionary<string, HostTensor> weights = Weights();
        foreach (Parameter p in store.Parameters)
        {
            if (!weights.TryGetValue(p.Name, out HostTensor? tensor))
                throw new InvalidOperationException($"{p.Name}: the model has it, the case's weights do not.");
            if (!tensor.Shape.Select(d => (int)d).SequenceEqual(p.CheckpointShape.Dims)
                && !(tensor.Shape.IsEmpty && p.CheckpointShape.Count == 1))
                throw new InvalidOperationException($"{p.Name}: {p.CheckpointShape} here, {tensor.ShapeText} there.");
            store.Load(p, tensor.ToFloat32());
        }
        foreach (string name in weights.Keys)
            if (repeats is not null && repeats.TryGetValue(name, out string? first))
                Assert.True(weights[name].HoldsSameAs(weights[first]), $"{name} differs from {first}");
            else if (store.Find(name) is null)
                throw new InvalidOperationException($"{name}: the case's weights have it, the model does not.");
    }

    /// <summary>The exact name's layout, else that of the longest beginning that ends with a star.</summary>
    public string LayoutOf(string tensor)
    {
        JsonElement layouts = Json.Part("layouts");
        if (layouts.TryGetProperty(tensor, out JsonElement exact))
            return exact.GetString()!;
        JsonProperty? best = null;
        foreach (JsonProperty entry in layouts.EnumerateObject())
            if (entry.Name.EndsWith('*') && tensor.StartsWith(entry.Name[..^1], StringComparison.Ordinal)
                && (best is null || entry.Name.Length > best.Value.Name.Length))
                best = entry;
        return best?.Value.GetString()
            ?? throw new KeyNotFoundException($"{Name}: case.json gives no layout for {tensor}.");
    }

    /// <summary>The values themselves, or those that {"file", "path"} points at.</summary>
    public JsonElement Resolve(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("file", out JsonElement file))
            return value;
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file.GetString()!)));
        JsonElement at = document.RootElement;
        if (value.TryGetProperty("path", out JsonElement path))
            foreach (JsonElement key in path.EnumerateArray())
                at = at.Part(key.GetString()!);
        return at.Clone();
    }

    /// <summary>A safetensors file beside case.json; stays open with the case.</summary>
    public TensorFile Open(string relative)
    {
        if (!_files.TryGetValue(relative, out TensorFile? file))
            _files.Add(relative, file = SafetensorsFile.Read(Path.Combine(Folder, relative)));
        return file;
    }

    public void Dispose()
    {
        _document.Dispose();
        foreach (TensorFile file in _files.Values)
            file.Dispose();
    }
}
