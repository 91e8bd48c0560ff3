using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>Sizes of a one-dimensional Mamba.</summary>
/// <param name="Width">C, channels in and out.</param>
/// <param name="States">N, states a channel.</param>
/// <param name="Expand">D / C.</param>
/// <param name="Kernel">Taps of the causal convolution.</param>
/// <param name="Rank">R, rank of the step projection; 0 takes ceil(C / 16).</param>
public sealed record Mamba1dOptions(int Width, int States = 16, int Expand = 2, int Kernel = 4, int Rank = 0)
{
    public int Inner => Width * Expand;
    public int StepRank => Rank > 0 ? Rank : (Width + 15) / 16;
}

/// <summary>
/// Mamba over a sequence: [B, L, C] to [B, L, C].
/// <code>
/// (x, z) = in_proj(input)                                C to 2 D
/// x = SiLU(causal depthwise conv(x))
/// (step, B, C) = x_proj(x)                               D to R + 2 N
/// y = selective scan(x, softplus(dt_proj(step)), -exp(A_log), B, C, D) * SiLU(z)
/// output = out_proj(y)
/// </code>
/// </summary>
/// <remarks>Gu, Dao: Mamba, arXiv:2312.00752, figure 3 and algorithm 2.</remarks>
public sealed class Mamba1d : Layer
{
    readonly int _inner;
    readonly int _rank;
    readonly int _states;
    readonly Linear _inProj;
    readonly Parameter _convWeight;
    readonly Parameter _convBias;
    readonly Linear _xProj;
    readonly Parameter _stepWeight;
    readonly Parameter _stepBias;
    readonly Parameter _aLog;
    readonly Parameter _skip;
    readonly Linear _outProj;

    public Mamba1d(Scope p, Mamba1dOptions options) : base(p)
    {
        (_inner, _rank, _states) = (options.Inner, options.StepRank, options.States);
        int c = options.Width, d = _inner, r = _rank, n = _states, k = options.Kernel;
        _aLog = p.Weight("A_log", new Shape(d, n), Init.StateMatrix(n));
        _skip = p.Weight("D", new Shape(d), Init.Ones);
        _inProj = new Linear(p / "in_proj", c, 2 * d, bias: false, Init.FanIn(c));
        // Checkpoint [D, 1, k], held as [k, 1, D].
        _convWeight = (p / "conv1d").Weight("weight", new Shape(d, 1, k), Init.FanIn(k), [2, 1, 0]);
        _convBias = (p / "conv1d").Weight("bias", new Shape(d), Init.FanIn(k));
        _xProj = new Linear(p / "x_proj", d, r + (2 * n), bias: false, Init.FanIn(d));
        _stepWeight = (p / "dt_proj").Weight("weight", new Shape(d, r), Init.Uniform(1 / Math.Sqrt(r)));
        _stepBias = (p / "dt_proj").Weight("bias", new Shape(d), Init.StepBias());
        _outProj = new Linear(p / "out_proj", d, c, bias: false, Init.FanIn(d));
    }

    protected override Value Trace(Value input)
    {
        Program program = input.Program;
        Value xz = _inProj.Forward(input);                                          // [B, L, 2 D]
        Value x = SliceChannels.Apply(xz, 0, _inner);
        Value z = SliceChannels.Apply(xz, _inner, _inner);
        x = Engine.Ops.DepthwiseConv.Causal(x, program.Parameter(_convWeight), program.Parameter(_convBias),
            Activation.Silu);
        Value projected = _xProj.Forward(x);                                        // [B, L, R + 2 N]
        Value step = MatMul.Apply(SliceChannels.Apply(projected, 0, _rank), program.Parameter(_stepWeight),
            kind: CostKind.Matmul);                                                 // [B, L, D]
        Value a = Affine.Apply(Activate.Apply(program.Parameter(_aLog), Activation.Exp), -1f);
        (Value y, _) = SelectiveScan.Apply(x, step, a, SliceChannels.Apply(projected, _rank, _states),
            SliceChannels.Apply(projected, _rank + _states, _states), program.Parameter(_skip), z,
            program.Parameter(_stepBias), softplus: true);
        return _outProj.Forward(y);
    }
}
