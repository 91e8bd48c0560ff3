using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// y = f((x - mean) / sqrt(var + eps) * gamma + beta), statistics over all positions and the channels of a group, per
/// sample. As many groups as channels is instance norm; one group is a layer norm over everything.
/// </summary>
/// <remarks>Wu and He, arXiv:1803.08494; instance norm: Ulyanov, Vedaldi and Lempitsky, arXiv:1607.08022.</remarks>
/// <exception cref="ShapeException">The groups do not divide the channels, or a parameter is not [C].</exception>
public sealed class GroupNorm : Op
{
    readonly int _groups;
    readonly float _eps;
    readonly Activation _activation;
    readonly float _slope;

    GroupNorm(Value x, int groups, Value? gamma, Value? beta, float eps, Activation activation, float slope)
    {
        (_groups, _eps, _activation, _slope) = (groups, eps, activation, slope);
        int width = x.Shape.Width;
        var vector = new Shape(width);
        Require(groups > 0 && width % groups == 0, "groups divide the channels", groups, x.Shape);
        Require(gamma is null || gamma.Shape == vector, "gamma is [C]", x.Shape, gamma?.Shape);
        Require(beta is null || beta.Shape == vector, "beta is [C]", x.Shape, beta?.Shape);
        var statistics = new Shape(x.Shape.Batch, width);
        Bind(x.Program, [x, gamma, beta], [x.Shape, statistics, statistics]);
    }

    /// <param name="x">[B, spatial..., C].</param>
    /// <param name="groups">Groups of neighbouring channels.</param>
    /// <param name="gamma">[C], or null for 1.</param>
    /// <param name="beta">[C], or null for 0.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="activation">Applied in the same pass: none, ReLU, leaky ReLU, GELU or SiLU.</param>
    /// <param name="slope">Slope of a leaky ReLU.</param>
    public static Value Apply(Value x, int groups, Value? gamma, Value? beta, float eps = 1e-5f,
        Activation activation = Activation.None, float slope = Activate.DefaultSlope) =>
        x.Program.Append(new GroupNorm(x, groups, gamma, beta, eps, activation, slope)).Outputs[0];

    internal int Groups => _groups;

    internal float Eps => _eps;

    internal (Activation Kind, float Slope) Function => (_activation, _slope);

    public override Cost Cost =>
        Cost.Streaming(this, CostKind.Norm, Activate.ExpsOf(_activation, Outputs[0].Shape.Count));

    public override bool AllowsStride(int output) => output == 0;

    /// <summary>All statistics are taken before y is written element by element.</summary>
    public override bool CanOverwrite(int output, int input) => output == 0 && input == 0;

    public override void Differentiate(Gradients gradients) => ChannelNormBackward.Differentiate(gradients, Inputs[0]!,
        Inputs[1], Inputs[2], Outputs[1], Outputs[2], Outputs[0], _activation, _slope, _groups, false);

    public override void Run(Device device, in Frame frame)
    {
        Rows x = frame[Inputs[0]], mean = frame[Outputs[1]], rstd = frame[Outputs[2]];
        device.NormStatistics(x, _groups, _eps, mean, rstd, default, 0f);
        device.ChannelNorm(x, mean, rstd, frame[Inputs[1]], frame[Inputs[2]], _activation, _slope, frame[Outputs[0]]);
    }
}
