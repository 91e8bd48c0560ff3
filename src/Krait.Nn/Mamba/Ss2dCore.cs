using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn.Mamba;

/// <summary>
/// The four-direction scan of SS2D: [B, H, W, D] to [B, H, W, D]. One product gives steps, B and C of all directions at
/// the original positions; the scan walks rows, columns, and both backwards.
/// </summary>
/// <remarks>VMamba, arXiv:2401.10166, figure 3.</remarks>
public sealed class Ss2dCore : Layer
{
    const int Directions = 4;

    readonly int _projected;
    readonly Parameter _xProj;
    readonly Parameter _stepWeight;
    readonly Parameter _stepBias;
    readonly Parameter _aLogs;
    readonly Parameter _skips;

    public Ss2dCore(Scope p, Ss2dOptions options) : base(p)
    {
        int d = options.Inner, n = options.States, r = options.StepRank;
        _projected = r + (2 * n);
        _xProj = p.Weight("x_proj_weight", new Shape(Directions, _projected, d), Init.FanIn(d));
        _stepWeight = p.Weight("dt_projs_weight", new Shape(Directions, d, r), Init.Uniform(1 / Math.Sqrt(r)));
        _stepBias = p.Weight("dt_projs_bias", new Shape(Directions, d), Init.StepBias());
        _aLogs = p.Weight("A_logs", new Shape(Directions * d, n), Init.StateMatrix(n));
        _skips = p.Weight("Ds", new Shape(Directions * d), Init.Ones);
    }

    protected override Value Trace(Value x)
    {
        Program program = x.Program;
        Value weight = Reshape.Apply(program.Parameter(_xProj), new Shape(Directions * _projected, x.Shape.Width));
        Value projected = MatMul.Apply(x, weight, kind: CostKind.Einsum);       // [B, H, W, 4 (R + 2 N)]
        return Engine.Ops.Ss2d.Apply(x, projected, program.Parameter(_stepWeight), program.Parameter(_stepBias),
            program.Parameter(_aLogs), program.Parameter(_skips));
    }
}
