using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// y = f((x - mean) / sqrt(var + eps) * gamma + beta) per channel: over the batch and all positions in training, with
/// the running statistics otherwise. Training moves them: r += momentum * (batch value - r), the variance unbiased.
/// </summary>
/// <remarks>Ioffe and Szegedy, arXiv:1502.03167. The variance that normalises is the biased one.</remarks>
/// <exception cref="ShapeException">A parameter is not [C].</exception>
public sealed class BatchNorm : Op
{
    readonly float _eps;
    readonly float _momentum;
    readonly Activation _activation;
    readonly float _slope;
    readonly bool _isTraining;

    BatchNorm(Value x, Value? gamma, Value? beta, Value runningMean, Value runningVariance, Value? batches, float eps,
        float momentum, Activation activation, float slope)
    {
        (_eps, _momentum, _activation, _slope) = (eps, momentum, activation, slope);
        _isTraining = x.Program.IsTraining;
        var vector = new Shape(x.Shape.Width);
        foreach (Value? v in (Value?[])[gamma, beta, runningMean, runningVariance])
            Require(v is null || v.Shape == vector, "parameters and running statistics are [C]", x.Shape, v?.Shape);
        Require(!_isTraining || x.Shape.Rows > 1, "training needs more than one value per channel", x.Shape);
        Require(batches is null || batches.Shape.Count == 1, "the counter of batches is [1]", batches?.Shape);
        Bind(x.Program, [x, gamma, beta, runningMean, runningVariance, batches], [x.Shape, vector, vector]);
    }

    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="gamma">[C], or null for 1.</param>
    /// <param name="beta">[C], or null for 0.</param>
    /// <param name="runningMean">[C] state; read in prediction, moved in training.</param>
    /// <param name="runningVariance">[C] state.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="momentum">How far a step moves the running statistics.</param>
    /// <param name="activation">Applied in the same pass: none, ReLU, leaky ReLU, GELU or SiLU.</param>
    /// <param name="slope">Slope of a leaky ReLU.</param>
    /// <param name="batches">[1] state that counts the batches of training, or null.</param>
    public static Value Apply(Value x, Value? gamma, Value? beta, Value runningMean, Value runningVariance,
        float eps = 1e-5f, float momentum = 0.1f, Activation activation = Activation.None,
        float slope = Activate.DefaultSlope, Value? batches = null) => x.Program.Append(new BatchNorm(x, gamma, beta,
            runningMean, runningVariance, batches, eps, momentum, activation, slope)).Outputs[0];

    internal float Eps => _eps;

    internal (Activation Kind, float Slope) Function => (_activation, _slope);

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Norm, Activate.ExpsOf(_activation, Outputs[0].Shape.Count));

    public override bool HasSideEffect => _isTraining;

    public override bool AllowsStride(int output) => output == 0;

    /// <summary>All statistics are taken before y is written element by element.</summary>
    public override bool CanOverwrite(int output, int input) => output == 0 && input == 0;

    public override void Differentiate(Gradients gradients) => ChannelNormBackward.Differentiate(gradients, Inputs[0]!,
        Inputs[1], Inputs[2], Outputs[1], Outputs[2], Outputs[0], _activation, _slope, Outputs[0].Shape.Width,
        !_isTraining);

    public override void Run(Device device, in Frame frame)
    {
        Rows x = frame[Inputs[0]], mean = frame[Outputs[1]], rstd = frame[Outputs[2]];
        Rows runningMean = frame[Inputs[3]], runningVariance = frame[Inputs[4]];
        if (_isTraining)
            device.NormStatistics(x, x.Width, _eps, mean, rstd,
                IsRecomputed ? default : (runningMean, runningVariance), _momentum);
        else
            device.NormFromRunning(runningMean, runningVariance, _eps, mean, rstd);
        if (_isTraining && !IsRecomputed && Inputs[5] is { } batches)
            device.Affine(frame[batches], 1f, 1f, frame[batches]);
        device.ChannelNorm(x, mean, rstd, frame[Inputs[1]], frame[Inputs[2]], _activation, _slope, frame[Outputs[0]]);
    }
}
