using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// The core of SS2D: along each of four walks k over the picture (row-major, column-major, both reversed)
/// h_t = exp(delta_t A_k) h_(t-1) + delta_t B_t x_t;  y_t = C_t h_t + D_k x_t, with delta = softplus(W_k dt_t + b_k) and
/// A = -exp(A_logs); the four results are summed where they belong.
/// </summary>
/// <remarks>
/// VMamba, arXiv:2401.10166, section 4.2. Right for any delta. States are float32; those at the start of every 64 steps
/// are saved in training, the others are computed again in the backward.
/// </remarks>
public sealed class Ss2d : Op
{
    readonly Ss2dShape _shape;

    Ss2d(Value x, Value projection, Value dtWeight, Value dtBias, Value aLogs, Value ds, bool separate, bool keepStates)
    {
        Require(x.Shape.Rank == 4, "x is [B, H, W, D]", x.Shape);
        Require(dtWeight.Shape.Rank == 3 && dtWeight.Shape[0] == 4 && dtWeight.Shape[1] == x.Shape.Width,
            $"dt weight is [4, {x.Shape.Width}, R]", dtWeight.Shape);
        int d = x.Shape.Width, n = aLogs.Shape.Width;
        _shape = new Ss2dShape(x.Shape[1], x.Shape[2], d, n, dtWeight.Shape.Width);
        Require(aLogs.Shape == new Shape(4 * d, n), $"A_logs is [{4 * d}, N]", aLogs.Shape);
        Require(dtBias.Shape == new Shape(4, d), $"dt bias is [4, {d}]", dtBias.Shape);
        Require(ds.Shape == new Shape(4 * d), $"Ds is [{4 * d}]", ds.Shape);
        Require(projection.Shape == x.Shape.WithWidth(_shape.ProjectionWidth),
            $"the projection is {x.Shape.WithWidth(_shape.ProjectionWidth)}, that is 4 (R + 2 N) numbers a position",
            projection.Shape);
        Shape y = separate ? new Shape([4, .. x.Shape.Dims]) : x.Shape;
        var states = new Shape(x.Shape.Batch * _shape.StatesPerSample, _shape.StateFloats);
        Bind(x.Program, [x, projection, dtWeight, dtBias, aLogs, ds], keepStates ? [y, states] : [y]);
    }

    /// <summary>The sum of the four directions.</summary>
    /// <param name="x">[B, H, W, D], after the depthwise convolution and SiLU.</param>
    /// <param name="projection">[B, H, W, 4 (R + 2 N)]: for each direction dt, B, C at the original positions.</param>
    /// <param name="dtWeight">[4, D, R].</param>
    /// <param name="dtBias">[4, D].</param>
    /// <param name="aLogs">[4 D, N].</param>
    /// <param name="ds">[4 D].</param>
    /// <returns>[B, H, W, D].</returns>
    /// <exception cref="ShapeException">A shape is not as above.</exception>
    public static Value Apply(Value x, Value projection, Value dtWeight, Value dtBias, Value aLogs, Value ds) =>
        Append(x, projection, dtWeight, dtBias, aLogs, ds, false, x.Program.IsTraining).Outputs[0];

    /// <summary>The inner values of <see cref="Apply"/>: [4, B, H, W, D], each direction at the original positions.</summary>
    public static Value ApplyDirections(
        Value x, Value projection, Value dtWeight, Value dtBias, Value aLogs, Value ds) =>
        Append(x, projection, dtWeight, dtBias, aLogs, ds, true, x.Program.IsTraining).Outputs[0];

    static Ss2d Append(Value x, Value projection, Value dtWeight, Value dtBias, Value aLogs, Value ds, bool separate,
        bool keepStates) =>
        x.Program.Append(new Ss2d(x, projection, dtWeight, dtBias, aLogs, ds, separate, keepStates));

    bool Separate => Outputs[0].Shape.Rank == 5;

    /// <summary>Multiply-adds by the rule 9 B L D N + B L D with four times the channels, and the dt projection.</summary>
    public override Cost Cost
    {
        get
        {
            long rows = 4L * Inputs[0]!.Shape.Count;
            return new Cost(CostKind.Scan, rows * ((9L * _shape.N) + 1 + _shape.R), rows * (_shape.N + 1),
                Cost.BytesOf(this), rows * _shape.N)
            { ProductMacs = rows * _shape.R };
        }
    }

    public override bool AllowsStride(int output) => output == 0 && !Separate;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        Value[] x = [.. Inputs.Select(v => v!)];
        Value states = Outputs.Count > 1
            ? Outputs[1]
            : Append(x[0], x[1], x[2], x[3], x[4], x[5], Separate, keepStates: true).Outputs[1];
        IReadOnlyList<Value> d = Ss2dBackward.Append(_shape, x, states, dy);
        for (int i = 0; i < x.Length; i++)
            gradients.Add(x[i], d[i]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Ss2d(_shape, frame[Inputs[0]], frame[Inputs[1]], Parameters(frame, Inputs, 2),
            Outputs.Count > 1 ? frame[Outputs[1]] : default, frame[Outputs[0]]);

    internal static Ss2dRows Parameters(in Frame frame, IReadOnlyList<Value?> values, int first) =>
        new(frame[values[first]], frame[values[first + 1]], frame[values[first + 2]], frame[values[first + 3]]);
}

/// <summary>Gradients of <see cref="Ss2d"/>: of x, the projection, dt weight, dt bias, A_logs, Ds.</summary>
public sealed class Ss2dBackward : Op
{
    readonly Ss2dShape _shape;

    Ss2dBackward(Ss2dShape shape, Value[] x, Value states, Value dy)
    {
        _shape = shape;
        int batch = x[0].Shape.Batch;
        int further = shape.TasksPerSample(batch) - 1;
        Bind(dy.Program, [.. x, states, dy],
        [
            .. x.Select(v => v.Shape),
            further > 0 ? new Shape([further, .. x[1].Shape.Dims]) : new Shape(1),
            new Shape(batch, shape.ParameterFloats),
        ]);
    }

    internal static IReadOnlyList<Value> Append(Ss2dShape shape, Value[] x, Value states, Value dy) =>
        dy.Program.Append(new Ss2dBackward(shape, x, states, dy)).Outputs;

    public override Cost Cost
    {
        get
        {
            long rows = 4L * Inputs[0]!.Shape.Count;
            return new Cost(CostKind.Scan, 2 * rows * ((9L * _shape.N) + 1 + _shape.R), rows * (_shape.N + 1),
                Cost.BytesOf(this), rows * _shape.N)
            { ProductMacs = 2 * rows * _shape.R };
        }
    }

    public override bool AllowsStride(int output) => output < 2;

    public override void Run(Device device, in Frame frame) =>
        device.Ss2dBackward(_shape, frame[Inputs[0]], frame[Inputs[1]], Ss2d.Parameters(frame, Inputs, 2),
            frame[Inputs[6]], frame[Inputs[7]], frame[Outputs[6]], frame[Outputs[7]], frame[Outputs[0]],
            frame[Outputs[1]], Ss2d.Parameters(frame, Outputs, 2));
}
