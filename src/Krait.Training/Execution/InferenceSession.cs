using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Models;

namespace Krait.Training.Execution;

/// <summary>
/// Runs a model forward. Safe to call from several threads: calls take turns, each uses all threads of the device.
/// Plans are kept per shape, the least recently used dropped beyond <see cref="PlanBytesLimit"/>.
/// </summary>
/// <param name="model">The model; it is not disposed.</param>
/// <param name="device">Where it runs; it is not disposed.</param>
/// <param name="arena">Memory shared with plans that never run at the same time; null for memory of its own.</param>
public sealed class InferenceSession(SegmentationModel model, Device device, Arena? arena = null) : IDisposable
{
    readonly Lock _gate = new();
    readonly Arena _arena = arena ?? new Arena();
    readonly bool _ownsArena = arena is null;
    readonly LinkedList<Planned> _plans = new();

    /// <summary>Bound on what kept plans hold beyond the shared arena: packed weights.</summary>
    public long PlanBytesLimit { get; init; } = 512L << 20;

    /// <summary>Logits of a batch: [B, H, W, C] numbers to [B, H, W, classes], or the same with a depth axis.</summary>
    /// <exception cref="ShapeException">The size does not fit the model.</exception>
    public float[] Logits(ReadOnlySpan<float> image, Shape shape)
    {
        lock (_gate)
        {
            Planned planned = Plan(shape);
            image.CopyTo(planned.Plan[planned.Image].AsSpan());
            planned.Plan.Run();
            return planned.Plan[planned.Logits].AsSpan().ToArray();
        }
    }

    /// <summary>The plan for a shape, for profiles; runs of it take no lock.</summary>
    public Plan PlanFor(Shape shape)
    {
        lock (_gate)
            return Plan(shape).Plan;
    }

    public void Dispose()
    {
        foreach (Planned planned in _plans)
            planned.Plan.Dispose();
        if (_ownsArena)
            _arena.Dispose();
    }

    Planned Plan(Shape shape)
    {
        for (LinkedListNode<Planned>? node = _plans.First; node is not null; node = node.Next)
        {
            if (node.Value.Image.Shape != shape)
                continue;
            _plans.Remove(node);
            _plans.AddFirst(node);
            return node.Value;
        }
        Planned planned = Trace(shape);
        _plans.AddFirst(planned);
        while (_plans.Count > 1 && _plans.Sum(p => p.Plan.ConstantBytes) > PlanBytesLimit)
        {
            _plans.Last!.Value.Plan.Dispose();
            _plans.RemoveLast();
        }
        return planned;
    }

    Planned Trace(Shape shape)
    {
        var program = new Program(isTraining: false);
        Value image = program.Input("image", shape);
        Value logits = program.Keep(model.Forward(image), "logits");
        return new Planned(new Plan(program, device, model.Store, new PlanOptions { HoistConstants = true }, _arena),
            image, logits);
    }

    sealed record Planned(Plan Plan, Value Image, Value Logits);
}
