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
/// <param name="Scan">What stands in the place of the scan.</param>
public sealed record Mamba1dOptions(int Width, int States = 16, int Expand = 2, int Kernel = 4, int Rank = 0,
    ScanKind Scan = ScanKind.Selective)
{
    public int Inner => Width * Expand;
    public int StepRank => Rank > 0 ? Rank : (Width + 15) / 16;
}

/// <summary>
/// Mamba over all positions of a sample as one sequence of length L: [B, ..., C] to the same shape.
/// <code>
/// (x, z) = in_proj(input)                                C to 2 D
/// x = SiLU(causal depthwise conv(x))
/// (step, B, C) = x_proj(x)                               D to R + 2 N
/// y = selective scan(x, softplus(dt_proj(step)), -exp(A_log), B, C, D) * SiLU(z), or D x SiLU(z) without a scan
/// output = out_proj(y)
/// </code>
/// </summary>
/// <remarks>Gu, Dao: Mamba, arXiv:2312.00752, figure 3 and algorithm 2.</remarks>
public sealed class Mamba1d : Layer
{
    readonly int _inner;
    readonly Linear _inProj;
    readonly Parameter _convWeight;
    readonly Parameter _convBias;
    readonly ScanParameters? _scan;
    readonly Parameter _skip;
    readonly Linear _outProj;

    public Mamba1d(Scope p, Mamba1dOptions options) : base(p)
    {
        _inner = options.Inner;
        int c = options.Width, d = _inner, n = options.States, k = options.Kernel;
        bool scans = options.Scan == ScanKind.Selective;
        Parameter? aLog = scans ? p.Weight("A_log", new Shape(d, n), Init.StateMatrix(n)) : null;
        _skip = p.Weight("D", new Shape(d), Init.Ones);
        _inProj = new Linear(p / "in_proj", c, 2 * d, bias: false, Init.FanIn(c), CostKind.Matmul);
        // Checkpoint [D, 1, k], held as [k, 1, D].
        _convWeight = (p / "conv1d").Weight("weight", new Shape(d, 1, k), Init.FanIn(k), [2, 1, 0]);
        _convBias = (p / "conv1d").Weight("bias", new Shape(d), Init.FanIn(k));
        _scan = aLog is null ? null : new ScanParameters(p, options, aLog);
        _outProj = new Linear(p / "out_proj", d, c, bias: false, Init.FanIn(d));
    }

    protected override Value Trace(Value input)
    {
        Program program = input.Program;
        Shape shape = input.Shape;
        Value tokens = Reshape.Apply(input, new Shape(shape.Batch, checked((int)shape.RowsPerSample), shape.Width));
        Value xz = _inProj.Forward(tokens);                                         // [B, L, 2 D]
        Value x = SliceChannels.Apply(xz, 0, _inner);
        Value z = SliceChannels.Apply(xz, _inner, _inner);
        x = Engine.Ops.DepthwiseConv.Causal(x, program.Parameter(_convWeight), program.Parameter(_convBias),
            Activation.Silu);
        Value skip = program.Parameter(_skip);
        Value y = _scan is null
            ? Binary.Apply(BinaryKind.Mul, Binary.Apply(BinaryKind.Mul, x, skip), Activate.Apply(z, Activation.Silu))
            : _scan.Scan(x, z, skip);                                               // [B, L, D]
        return Reshape.Apply(_outProj.Forward(y), shape);
    }

    /// <summary>What only the scan needs.</summary>
    sealed class ScanParameters
    {
        readonly int _rank;
        readonly int _states;
        readonly Linear _xProj;
        readonly Parameter _stepWeight;
        readonly Parameter _stepBias;
        readonly Parameter _aLog;

        public ScanParameters(Scope p, Mamba1dOptions options, Parameter aLog)
        {
            (_rank, _states, _aLog) = (options.StepRank, options.States, aLog);
            int d = options.Inner, r = _rank;
            _xProj = new Linear(p / "x_proj", d, r + (2 * _states), bias: false, Init.FanIn(d));
            _stepWeight = (p / "dt_proj").Weight("weight", new Shape(d, r), Init.Uniform(1 / Math.Sqrt(r)));
            _stepBias = (p / "dt_proj").Weight("bias", new Shape(d), Init.StepBias());
        }

        public Value Scan(Value x, Value z, Value skip)
        {
            Program program = x.Program;
            Value projected = _xProj.Forward(x);                                    // [B, L, R + 2 N]
            Value a = Affine.Apply(Activate.Apply(program.Parameter(_aLog), Activation.Exp), -1f);
            return SelectiveScan.Apply(x, SliceChannels.Apply(projected, 0, _rank), a,
                SliceChannels.Apply(projected, _rank, _states),
                SliceChannels.Apply(projected, _rank + _states, _states), skip, z, program.Parameter(_stepBias),
                stepWeight: program.Parameter(_stepWeight)).Y;
        }
    }
}
