using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Values side by side along the channels. An input whose memory is still free to move is written in its place by its
/// own op; only the others are copied.
/// </summary>
/// <exception cref="ShapeException">The inputs differ in more than their channels.</exception>
public sealed class Concat : Op
{
    bool[] _inPlace = [];

    Concat(IReadOnlyList<Value> inputs)
    {
        Require(inputs.Count > 0, "needs at least one input", inputs.Count);
        foreach (Value x in inputs)
            Require(x.Shape.Rank == inputs[0].Shape.Rank && x.Shape.WithWidth(1) == inputs[0].Shape.WithWidth(1),
                "inputs agree in all axes but the last", inputs[0].Shape, x.Shape);
        Bind(inputs[0].Program, [.. inputs], [inputs[0].Shape.WithWidth(inputs.Sum(x => x.Shape.Width))]);
        OnCloned();
    }

    public static Value Apply(params IReadOnlyList<Value> inputs) =>
        inputs.Count == 1 ? inputs[0] : inputs[0].Program.Append(new Concat(inputs)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    internal override void OnCloned()
    {
        _inPlace = new bool[Inputs.Count];
        int channel = 0;
        for (int i = 0; i < Inputs.Count; i++)
        {
            Value x = Inputs[i]!;
            if (x.CanMove && x.Name is null && x.Producer!.AllowsStride(IndexOf(x)))
            {
                x.MakeView(Outputs[0], channel);
                _inPlace[i] = true;
            }
            channel += x.Shape.Width;
        }
    }

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        int channel = 0;
        foreach (Value? x in Inputs)
        {
            if (gradients.Needs(x))
                gradients.Add(x, SliceChannels.Apply(dy, channel, x!.Shape.Width));
            channel += x!.Shape.Width;
        }
    }

    public override void Run(Device device, in Frame frame)
    {
        Rows y = frame[Outputs[0]];
        int channel = 0;
        for (int i = 0; i < Inputs.Count; i++)
        {
            Rows x = frame[Inputs[i]];
            if (!_inPlace[i])
                device.Copy(x, y.Channels(channel, x.Width));
            channel += x.Width;
        }
    }

    static int IndexOf(Value output)
    {
        for (int i = 0; i < output.Producer!.Outputs.Count; i++)
            if (output.Producer.Outputs[i] == output)
                return i;
        return 0;
    }
}
