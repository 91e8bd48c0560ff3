using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>The same numbers under another shape of equal count; costs nothing.</summary>
/// <exception cref="ShapeException">The counts differ.</exception>
public sealed class Reshape : Op
{
    Reshape(Value x, Shape shape)
    {
        Require(x.Shape.Count == shape.Count, "keeps the number of elements", x.Shape, shape);
        Bind(x.Program, [x], [shape]);
        OnCloned();
    }

    public static Value Apply(Value x, Shape shape)
    {
        if (x.Shape == shape)
            return x;
        Value source = x.Shape.Width == shape.Width || x.IsDense ? x : Copy.Apply(x);
        return x.Program.Append(new Reshape(source, shape)).Outputs[0];
    }

    public override Cost Cost => new(CostKind.Layout);

    internal override void OnCloned() => Outputs[0].MakeView(Inputs[0]!, 0);

    public override void Differentiate(Gradients gradients)
    {
        Value x = Inputs[0]!;
        if (gradients.Needs(x))
            gradients.Add(x, Apply(gradients.OrZero(Outputs[0]), x.Shape));
    }

    public override void Run(Device device, in Frame frame)
    {
    }
}

/// <summary>Channels [first, first + width) of a value, seen in place; costs nothing.</summary>
/// <exception cref="ShapeException">The range leaves the channels of the value.</exception>
public sealed class SliceChannels : Op
{
    readonly int _first;

    SliceChannels(Value x, int first, int width)
    {
        Require(first >= 0 && width > 0 && first + width <= x.Shape.Width, "the range lies within the channels",
            $"[{first}, {first + width})", x.Shape);
        _first = first;
        Bind(x.Program, [x], [x.Shape.WithWidth(width)]);
        OnCloned();
    }

    public static Value Apply(Value x, int first, int width) =>
        first == 0 && width == x.Shape.Width
            ? x
            : x.Program.Append(new SliceChannels(x, first, width)).Outputs[0];

    internal int First => _first;

    public override Cost Cost => new(CostKind.Layout);

    internal override void OnCloned() => Outputs[0].MakeView(Inputs[0]!, _first);

    public override void Differentiate(Gradients gradients) =>
        gradients.AddChannels(Inputs[0], _first, gradients.OrZero(Outputs[0]));

    public override void Run(Device device, in Frame frame)
    {
    }
}
