using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>Gradients of <see cref="SelectiveScan"/>, of those inputs that are there, and room for partial sums.</summary>
public sealed class SelectiveScanBackward : Op
{
    const int Operands = 9;
    readonly SelectiveScanShape _shape;
    readonly bool _softplus;

    SelectiveScanBackward(SelectiveScanShape shape, bool softplus, Value?[] x, Value states, Value dy, Value? dLast)
    {
        _shape = shape;
        _softplus = softplus;
        int batch = dy.Shape.Batch;
        int further = shape.BackwardTasks(batch).Count - 1;
        Bind(dy.Program, [.. x, states, dy, dLast],
        [
            .. x.Where(v => v is not null).Select(v => v!.Shape),
            further > 0 ? new Shape(further, checked((int)x[3]!.Shape.Rows), shape.CoupleFloats) : new Shape(1),
            new Shape(batch, shape.ParameterFloats),
        ]);
    }

    internal static SelectiveScanBackward Append(SelectiveScanShape shape, bool softplus, Value?[] x, Value states,
        Value dy, Value? dLast) =>
        dy.Program.Append(new SelectiveScanBackward(shape, softplus, x, states, dy, dLast));

    internal void GiveTo(Gradients gradients)
    {
        for (int i = 0; i < Operands; i++)
            if (GradientOf(i) is { } gradient)
                gradients.Add(Inputs[i], gradient);
    }

    /// <summary>The output that is the gradient of an operand; null where the operand is missing.</summary>
    Value? GradientOf(int operand)
    {
        if (Inputs[operand] is null)
            return null;
        int output = 0;
        for (int i = 0; i < operand; i++)
            output += Inputs[i] is null ? 0 : 1;
        return Outputs[output];
    }

    public override Cost Cost
    {
        get
        {
            long rows = Inputs[0]!.Shape.Count;
            return new Cost(CostKind.Scan, 2 * rows * ((9L * _shape.N) + 1 + _shape.R),
                rows * (_shape.N + (_softplus ? 1 : 0)), Cost.BytesOf(this), rows * _shape.N)
            {
                ProductMacs = 2 * rows * _shape.R,
            };
        }
    }

    /// <summary>Gradients of u, delta and of what lies beside them may have gaps; sums over samples may not.</summary>
    public override bool AllowsStride(int output) =>
        Outputs[output] == GradientOf(0) || Outputs[output] == GradientOf(1) || Outputs[output] == GradientOf(3)
        || Outputs[output] == GradientOf(4) || Outputs[output] == GradientOf(6);

    public override void Run(Device device, in Frame frame)
    {
        var gradients = new SelectiveScanRows(frame[GradientOf(0)], frame[GradientOf(1)], frame[GradientOf(2)],
            frame[GradientOf(3)], frame[GradientOf(4)], frame[GradientOf(5)], frame[GradientOf(6)],
            frame[GradientOf(7)], frame[GradientOf(8)]);
        device.SelectiveScanBackward(_shape, _softplus, SelectiveScan.RowsOf(frame, Inputs), frame[Inputs[Operands]],
            frame[Inputs[Operands + 1]], frame[Inputs[Operands + 2]], frame[Outputs[Outputs.Count - 2]],
            frame[Outputs[Outputs.Count - 1]], gradients);
    }
}
