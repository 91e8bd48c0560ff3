using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Sum, mean or maximum over axes, which stay with extent 1: the channels, all axes between batch and channels, both,
/// or everything. The maximum is over channels only (the first of equal ones gets the gradient).
/// </summary>
/// <exception cref="ShapeException">The axes left do not lie together.</exception>
public sealed class Reduce : Op
{
    readonly float _scale;
    readonly Broadcasting _broadcasting;

    Reduce(Value x, Value? times, Shape to, float scale)
    {
        _scale = scale;
        Broadcasting? way = Broadcasting.Of(x.Shape, to);
        Require(way is not null, "the axes left are the first or the last ones", x.Shape, to);
        Require(times is null || times.Shape == x.Shape, "both factors have one shape", x.Shape, times?.Shape);
        _broadcasting = way!.Value;
        Bind(x.Program, [x, times], [to]);
    }

    /// <param name="kind">Sum, mean or maximum.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="axes">The axes to reduce, the first being 0; none given: all.</param>
    /// <returns>The same rank with extent 1 on the reduced axes.</returns>
    public static Value Apply(ReduceKind kind, Value x, params ReadOnlySpan<int> axes)
    {
        int[] dims = [.. x.Shape.Dims];
        for (int i = 0; i < dims.Length; i++)
            if (axes.Length == 0 || axes.Contains(i) || axes.Contains(i - dims.Length))
                dims[i] = 1;
        var to = new Shape(dims);
        if (to == x.Shape)
            return x;
        if (kind == ReduceKind.Max)
            return x.Program.Append(new RowMax(x, to)).Outputs[0];
        float scale = kind == ReduceKind.Mean ? (float)((double)to.Count / x.Shape.Count) : 1f;
        return To(x, null, to, scale);
    }

    /// <summary>
    /// y = scale * sum of x (times another value) over everything that <paramref name="to"/> is smaller in.
    /// </summary>
    public static Value To(Value x, Value? times, Shape to, float scale = 1f) =>
        x.Program.Append(new Reduce(x, times, to, scale)).Outputs[0];

    internal float Scale => _scale;

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        Value? x = Inputs[0], times = Inputs[1];
        if (!gradients.Needs(x) && !gradients.Needs(times))
            return;
        Value scaled = _scale == 1f ? dy : Affine.Apply(dy, _scale);
        if (gradients.Needs(x))
            gradients.Add(x, times is null
                ? Binary.Apply(BinaryKind.Add, Fill.Apply(dy.Program, x!.Shape, 0f), scaled)
                : Binary.Apply(BinaryKind.Mul, times, scaled));
        if (gradients.Needs(times))
            gradients.Add(times, Binary.Apply(BinaryKind.Mul, x!, scaled));
    }

    public override void Run(Device device, in Frame frame) => device.Reduce(frame[Inputs[0]], frame[Inputs[1]],
        _broadcasting.Repeat, _scale, frame[Outputs[0]]);
}

/// <summary>The largest channel of each position.</summary>
sealed class RowMax : Op
{
    internal RowMax(Value x, Shape to)
    {
        Require(to == x.Shape.WithWidth(1), "a maximum is over the channels; AdaptivePool takes it over space",
            x.Shape, to);
        Bind(x.Program, [x], [to]);
    }

    public override Cost Cost => Cost.Streaming(this);

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0],
                dy.Program.Append(new RowMaxBackward(Inputs[0]!, Outputs[0], dy)).Outputs[0]);
    }

    public override void Run(Device device, in Frame frame) => device.RowMax(frame[Inputs[0]], frame[Outputs[0]]);
}

/// <summary>dx = dy where the row's first maximum stood.</summary>
sealed class RowMaxBackward : Op
{
    internal RowMaxBackward(Value x, Value y, Value dy) => Bind(x.Program, [x, y, dy], [x.Shape]);

    public override Cost Cost => Cost.Streaming(this);

    public override void Run(Device device, in Frame frame) =>
        device.RowMaxBackward(frame[Inputs[0]], frame[Inputs[1]], frame[Inputs[2]], frame[Outputs[0]]);
}
