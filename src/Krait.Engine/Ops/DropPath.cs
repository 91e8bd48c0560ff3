using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Stochastic depth: in training a whole sample is kept with probability 1 - rate and divided by it, else 0. Drawn per
/// sample, keyed by (seed, step, layer path, sample). Prediction: y = x.
/// </summary>
/// <remarks>Huang et al., arXiv:1603.09382.</remarks>
public static class DropPath
{
    /// <param name="x">[B, ...].</param>
    /// <param name="rate">Probability of dropping a sample, in [0, 1).</param>
    /// <param name="mask">A recorded draw [B] of 0 and 1, or null to draw.</param>
    public static Value Apply(Value x, float rate, Value? mask = null) =>
        rate == 0f || !x.Program.IsTraining ? x : Binary.Apply(BinaryKind.Mul, x, Scale(x, rate, mask));

    /// <summary>y = x + DropPath(f), in one pass.</summary>
    /// <exception cref="ShapeException">x and f differ in shape.</exception>
    public static Value Residual(Value x, Value f, float rate, Value? mask = null) =>
        rate == 0f || !x.Program.IsTraining ? Add.Apply(x, f) : AddScaled.Apply(x, f, Scale(f, rate, mask));

    static Value Scale(Value x, float rate, Value? mask)
    {
        int[] dims = new int[x.Shape.Rank];
        Array.Fill(dims, 1);
        dims[0] = x.Shape.Batch;
        var shape = new Shape(dims);
        return mask is null
            ? x.Program.Append(new DropPathScale(x.Program, shape, rate)).Outputs[0]
            : Affine.Apply(Reshape.Apply(mask, shape), 1f / (1f - rate));
    }
}

/// <summary>1 / (1 - rate) or 0 for each sample.</summary>
sealed class DropPathScale : Op
{
    readonly float _rate;
    ulong? _pathHash;

    internal DropPathScale(Program program, Shape shape, float rate)
    {
        Require(rate is >= 0 and < 1, "the rate lies in [0, 1)", rate);
        _rate = rate;
        Bind(program, [], [shape]);
    }

    public override Cost Cost => Cost.Streaming(this);

    public override bool IsPure => false;

    public override bool AllowsStride(int output) => false;

    public override void Differentiate(Gradients gradients)
    {
    }

    public override void Run(Device device, in Frame frame)
    {
        RunArguments run = frame.Arguments;
        device.DropPathScale(
            new RandomStreams(run.Seed, run.Step, _pathHash ??= CounterRng.HashPath(Path), run.FirstSample), _rate,
            frame[Outputs[0]]);
    }
}
