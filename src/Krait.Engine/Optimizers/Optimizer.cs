using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>
/// Updates the weights of a store from its flat gradient, in place, segment by segment. Parameters that are not handed
/// in (without gradient, or frozen) are left alone: no step, no decay.
/// </summary>
public abstract class Optimizer(Device device, ParameterStore store)
{
    readonly Dictionary<Parameter, int> _steps = [];

    protected Device Device { get; } = device;
    protected ParameterStore Store { get; } = store;

    /// <summary>Flat arenas of state: moments, momentum.</summary>
    public abstract int Slots { get; }

    /// <summary>How many steps a parameter has had.</summary>
    public int StepsOf(Parameter parameter) => _steps.GetValueOrDefault(parameter);

    /// <summary>Restores the count of steps when a run is resumed.</summary>
    public void SetSteps(Parameter parameter, int steps) => _steps[parameter] = steps;

    /// <summary>One step for the parameters whose gradient has been produced.</summary>
    public void Step(IEnumerable<Parameter> learned, double learningRate)
    {
        foreach (Segment segment in Segments(learned))
            Update(segment, learningRate);
        Store.MarkChanged();
    }

    protected abstract void Update(Segment segment, double learningRate);

    /// <summary>The weights of a segment as one row.</summary>
    protected unsafe Rows Weights(Segment s) => Row(Store.ValueBuffer, s);

    protected unsafe Rows Gradients(Segment s) => Row(Store.GradientBuffer, s);

    protected unsafe Rows Slot(int i, Segment s) => Row(Store.Slot(i), s);

    static unsafe Rows Row(NativeBuffer buffer, Segment s) =>
        new(buffer.Pointer + s.Offset, 1, s.Length, s.Length);

    /// <summary>Neighbours of the arena with an equal count of steps are updated as one.</summary>
    List<Segment> Segments(IEnumerable<Parameter> learned)
    {
        var segments = new List<Segment>();
        foreach (Parameter p in learned.OrderBy(p => p.Offset))
        {
            int step = _steps[p] = StepsOf(p) + 1;
            int length = checked((int)((p.Shape.Count + 15) / 16 * 16));
            if (segments.Count > 0 && segments[^1] is var last && last.Step == step
                && last.Offset + last.Length == p.Offset && (long)last.Length + length <= int.MaxValue)
                segments[^1] = last with { Length = last.Length + length };
            else
                segments.Add(new Segment(p.Offset, length, step));
        }
        return segments;
    }

    /// <summary>A part of the flat arenas; <paramref name="Step"/> counts from 1.</summary>
    protected readonly record struct Segment(long Offset, int Length, int Step);
}
