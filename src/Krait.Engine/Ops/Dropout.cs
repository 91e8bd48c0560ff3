using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Training: each number is kept with probability 1 - rate and divided by it, else 0. Prediction: y = x. The draws are
/// keyed by (seed, step, layer path, sample, element), so a recomputation and the gradient draw the same again.
/// </summary>
/// <remarks>Srivastava et al., JMLR 15 (2014).</remarks>
/// <exception cref="ShapeException">The rate is not in [0, 1).</exception>
public sealed class Dropout : Op
{
    readonly float _rate;
    ulong? _pathHash;

    Dropout(Value x, float rate)
    {
        Require(rate is >= 0 and < 1, "the rate lies in [0, 1)", rate);
        _rate = rate;
        Bind(x.Program, [x], [x.Shape]);
    }

    public static Value Apply(Value x, float rate) =>
        rate == 0f || !x.Program.IsTraining ? x : x.Program.Append(new Dropout(x, rate)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this);

    public override bool IsPure => false;

    public override bool CanOverwrite(int output, int input) => true;

    /// <summary>dx = dy, dropped and scaled alike: the op itself, at the same path.</summary>
    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        if (gradients.Needs(Inputs[0]))
            gradients.Add(Inputs[0], Apply(dy, _rate));
    }

    public override void Run(Device device, in Frame frame)
    {
        RunArguments run = frame.Arguments;
        var streams = new RandomStreams(run.Seed, run.Step, _pathHash ??= CounterRng.HashPath(Path), run.FirstSample);
        device.Dropout(frame[Inputs[0]], Inputs[0]!.Shape.Batch, streams, _rate, frame[Outputs[0]]);
    }
}
