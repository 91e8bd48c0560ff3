using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>
/// The four-direction scan of SS2D: [B, H, W, D] to [B, H, W, D]. One product gives steps, B and C of all directions at
/// the original positions; the scan walks rows, columns, and both backwards. Without a scan the skip terms of the four
/// directions are what is left: y = (D_1 + D_2 + D_3 + D_4) x.
/// </summary>
/// <remarks>VMamba, arXiv:2401.10166, figure 3.</remarks>
public sealed class Ss2dCore : Layer
{
    const int Directions = 4;

    readonly Parameter? _xProj;
    readonly Parameter? _stepWeight;
    readonly Parameter? _stepBias;
    readonly Parameter? _aLogs;
    readonly Parameter _skips;

    public Ss2dCore(Scope p, Ss2dOptions options) : base(p)
    {
        int d = options.Inner, n = options.States, r = options.StepRank;
        if (options.Scan == ScanKind.Selective)
        {
            _xProj = p.Weight("x_proj_weight", new Shape(Directions, r + (2 * n), d), Init.FanIn(d));
            _stepWeight = p.Weight("dt_projs_weight", new Shape(Directions, d, r), Init.Uniform(1 / Math.Sqrt(r)));
            _stepBias = p.Weight("dt_projs_bias", new Shape(Directions, d), Init.StepBias());
            _aLogs = p.Weight("A_logs", new Shape(Directions * d, n), Init.StateMatrix(n));
        }
        _skips = p.Weight("Ds", new Shape(Directions * d), Init.Ones);
    }

    protected override Value Trace(Value x)
    {
        Program program = x.Program;
        int d = x.Shape.Width;
        Value skips = program.Parameter(_skips);
        if (_xProj is null || _stepWeight is null || _stepBias is null || _aLogs is null)
        {
            Value sum = Reduce.Apply(ReduceKind.Sum, Reshape.Apply(skips, new Shape(Directions, d)), 0);
            return Binary.Apply(BinaryKind.Mul, x, Reshape.Apply(sum, new Shape(d)));
        }
        Value weight = Reshape.Apply(program.Parameter(_xProj), new Shape(_xProj.Shape[0] * _xProj.Shape[1], d));
        Value projected = MatMul.Apply(x, weight, kind: CostKind.Einsum);       // [B, H, W, 4 (R + 2 N)]
        return Engine.Ops.Ss2d.Apply(x, projected, program.Parameter(_stepWeight), program.Parameter(_stepBias),
            program.Parameter(_aLogs), skips);
    }
}
