using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Training.Config;
using Krait.Weights;

namespace Krait.Training;

/// <summary>
/// Where a run stands. With the flat arenas of weights and optimizer it is all that resuming needs: randomness is
/// keyed by counters, so there is no generator to save.
/// </summary>
public sealed record TrainerState
{
    private const string Key = "trainer_state", StepsKey = "steps";

    /// <summary>Complete epochs.</summary>
    public int Epoch { get; init; }

    /// <summary>Batches of the current epoch that are done.</summary>
    public int Batch { get; init; }

    /// <summary>Steps of the optimizer.</summary>
    public long Step { get; init; }

    /// <summary>Sum of the losses of the current epoch's batches.</summary>
    public double LossSum { get; init; }

    public int BestEpoch { get; init; }
    public double BestScore { get; init; } = double.MinValue;

    /// <summary>Validation score after each complete epoch.</summary>
    public IReadOnlyList<double> Scores { get; init; } = [];

    /// <summary>Training time so far.</summary>
    public double Seconds { get; init; }

    /// <summary>Of the current epoch.</summary>
    public double EpochSeconds { get; init; }

    public ulong Seed { get; init; }

    /// <summary>The optimizer whose slots are in the file; empty in files from before it was noted.</summary>
    public string Optimizer { get; init; } = "";

    /// <summary>Hash of names, shapes and order of the parameters.</summary>
    public string Layout { get; init; } = "";

    /// <summary>Writes state, weights and optimizer slots; whole or not at all.</summary>
    public void Save(string path, ParameterStore store, Optimizer optimizer)
    {
        var tensors = new List<HostTensor> { Flat("values", store.ValueBuffer) };
        long[] steps = [.. store.Parameters.Select(p => (long)optimizer.StepsOf(p))];
        tensors.Add(HostTensor.FromInt64(StepsKey, [steps.Length], steps));
        for (int i = 0; i < optimizer.Slots; i++)
            tensors.Add(Flat(FormattableString.Invariant($"slot{i}"), store.Slot(i)));
        var state = this with { Layout = LayoutOf(store), Optimizer = optimizer.GetType().Name };
        SafetensorsFile.Write(path, tensors,
            new Dictionary<string, string> { [Key] = JsonSerializer.Serialize(state, StateJson.Default.TrainerState) });
    }

    /// <summary>Reads state, weights and optimizer slots into a store and an optimizer of the same model.</summary>
    /// <exception cref="ConfigException">If there is no such file,
    /// or it belongs to another model or optimizer.</exception>
    /// <exception cref="WeightsException">If the file is damaged.</exception>
    public static TrainerState Load(string path, ParameterStore store, Optimizer optimizer,
        IEnumerable<Parameter> learned)
    {
        if (!File.Exists(path)) throw new ConfigException($"{path}: no checkpoint to resume from.");
        using var file = SafetensorsFile.Read(path);
        if (!file.Metadata.TryGetValue(Key, out string? json) ||
            JsonSerializer.Deserialize(json, StateJson.Default.TrainerState) is not { } state)
            throw new ConfigException($"{path}: holds no state of a trainer.");
        if (state.Layout != LayoutOf(store))
            throw new ConfigException($"{path}: belongs to another model: its parameters differ. Model options " +
                "cannot change on resume.");
        if (state.Optimizer.Length > 0 && state.Optimizer != optimizer.GetType().Name)
            throw OtherOptimizer(path);
        Fill(file["values"], store.ValueBuffer);
        for (int i = 0; i < optimizer.Slots; i++)
        {
            if (!file.TryGet(FormattableString.Invariant($"slot{i}"), out var slot))
                throw OtherOptimizer(path);
            Fill(slot, store.Slot(i));
        }
        if (file.TryGet(StepsKey, out var steps))
            foreach (var (parameter, count) in store.Parameters.Zip(steps.ToInt64()))
                optimizer.SetSteps(parameter, checked((int)count));
        else
            foreach (var parameter in learned) optimizer.SetSteps(parameter, checked((int)state.Step));
        store.MarkChanged();
        return state;
    }

    private static ConfigException OtherOptimizer(string path) =>
        new($"{path}: was written by another optimizer. It cannot change on resume.");

    private static void Fill(HostTensor tensor, NativeBuffer buffer) =>
        tensor.CopyTo(buffer.Span(0, checked((int)tensor.ElementCount)));

    private static HostTensor Flat(string name, NativeBuffer buffer) =>
        HostTensor.FromBytes(name, [buffer.Count], DType.F32, new NativeFloats(buffer).Memory);

    private static string LayoutOf(ParameterStore store)
    {
        var text = new StringBuilder();
        foreach (var p in store.Parameters) text.Append(p.Name).Append(p.Shape).Append(p.Offset).Append(';');
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>An arena as memory of bytes, so that it is written without a copy.</summary>
    private sealed unsafe class NativeFloats(NativeBuffer buffer) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(buffer.Pointer, checked((int)(buffer.Count * sizeof(float))));

        public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)buffer.Pointer + elementIndex);

        public override void Unpin() { }

        protected override void Dispose(bool disposing) { }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TrainerState))]
internal sealed partial class StateJson : JsonSerializerContext;
