using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Selective scan: h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t;  y_t = (C_t h_t + D u_t) SiLU(z_t), with
/// delta = softplus(raw + bias), or raw + bias; raw is given or W dt; h_0 = 0.
/// </summary>
/// <remarks>Mamba, arXiv:2312.00752, equation (2a). Right for any delta; the state is kept in float32.</remarks>
public sealed class SelectiveScan : Op
{
    readonly SelectiveScanShape _shape;
    readonly bool _softplus;

    SelectiveScan(Value?[] x, bool softplus, bool keepStates)
    {
        Value u = x[0]!, delta = x[1]!, a = x[2]!, b = x[3]!, c = x[4]!;
        Require(u.Shape.Rank == 3, "u is [B, L, D]", u.Shape);
        int batch = u.Shape.Batch, length = u.Shape[1], d = u.Shape.Width, r = x[8]?.Shape.Width ?? 0;
        Require(delta.Shape == (r > 0 ? new Shape(batch, length, r) : u.Shape),
            "delta has the shape of u, or [B, L, R] with a step weight", u.Shape, delta.Shape);
        int n = a.Shape.Width, groups = b.Shape.Rank == 4 ? b.Shape[2] : 1;
        Require(a.Shape == new Shape(d, n), $"A is [{d}, N]", a.Shape);
        Require(b.Shape == (b.Shape.Rank == 4 ? new Shape(batch, length, groups, n) : new Shape(batch, length, n)),
            $"B is [{batch}, {length}, {n}] or [{batch}, {length}, G, {n}]", b.Shape);
        Require(c.Shape == b.Shape, "C has the shape of B", b.Shape, c.Shape);
        Require(d % groups == 0, "G divides the channels", d, groups);
        Require(x[5] is null || x[5]!.Shape == new Shape(d), $"D is [{d}]", x[5]?.Shape);
        Require(x[6] is null || x[6]!.Shape == u.Shape, "z has the shape of u", u.Shape, x[6]?.Shape);
        Require(x[7] is null || x[7]!.Shape == new Shape(d), $"the delta bias is [{d}]", x[7]?.Shape);
        Require(r == 0 || (x[8]!.Shape == new Shape(d, r) && groups == 1), $"the step weight is [{d}, R], with one group",
            x[8]?.Shape, groups);
        _shape = new SelectiveScanShape(length, d, n, groups, r);
        _softplus = softplus;
        var states = new Shape(batch * _shape.StatesPerSample, _shape.StateFloats);
        var last = new Shape(batch, d, n);
        Bind(u.Program, x, keepStates ? [u.Shape, last, states] : [u.Shape, last]);
    }

    /// <param name="u">[B, L, D].</param>
    /// <param name="delta">[B, L, D]: raw step sizes; or dt, [B, L, R], of which the step weight makes them.</param>
    /// <param name="a">[D, N]; the caller passes -exp(A_log).</param>
    /// <param name="b">[B, L, N], or [B, L, G, N] with channels in G equal groups.</param>
    /// <param name="c">As b.</param>
    /// <param name="d">[D] skip weight, or null.</param>
    /// <param name="z">[B, L, D] gate, or null.</param>
    /// <param name="deltaBias">[D], or null.</param>
    /// <param name="softplus">Whether softplus makes the step size.</param>
    /// <param name="stepWeight">W, [D, R], or null.</param>
    /// <returns>y [B, L, D] and the last state [B, D, N].</returns>
    /// <exception cref="ShapeException">A shape is not as above.</exception>
    public static (Value Y, Value Last) Apply(Value u, Value delta, Value a, Value b, Value c, Value? d = null,
        Value? z = null, Value? deltaBias = null, bool softplus = true, Value? stepWeight = null)
    {
        SelectiveScan op = Append([u, delta, a, b, c, d, z, deltaBias, stepWeight], softplus, u.Program.IsTraining);
        return (op.Outputs[0], op.Outputs[1]);
    }

    static SelectiveScan Append(Value?[] x, bool softplus, bool keepStates) =>
        x[0]!.Program.Append(new SelectiveScan(x, softplus, keepStates));

    /// <summary>
    /// Multiply-adds by the published rule: 9 B L D N, B L D for the skip term, none for the gate; and B L D R.
    /// </summary>
    public override Cost Cost
    {
        get
        {
            long rows = Inputs[0]!.Shape.Count;
            long perRow = (9L * _shape.N) + (Inputs[5] is null ? 0 : 1) + _shape.R;
            return new Cost(CostKind.Scan, rows * perRow, rows * (_shape.N + (_softplus ? 1 : 0)), Cost.BytesOf(this),
                rows * _shape.N)
            { ProductMacs = rows * _shape.R };
        }
    }

    public override bool AllowsStride(int output) => output < 2;

    public override void Differentiate(Gradients gradients)
    {
        Value dy = gradients.OrZero(Outputs[0]);
        Value? dLast = gradients.Of(Outputs[1]);
        Value?[] x = [.. Inputs];
        Value states = (Outputs.Count > 2 ? this : Append(x, _softplus, keepStates: true)).Outputs[2];
        SelectiveScanBackward.Append(_shape, _softplus, x, states, dy, dLast).GiveTo(gradients);
    }

    /// <summary>The state runs along from slab to slab; the states that a gradient needs are kept of a whole only.</summary>
    public override int? RowsBefore => Outputs.Count == 2 ? 0 : null;

    public override void RunSlab(Device device, in Frame frame, Slab slab) =>
        device.SelectiveScan(_shape with { L = slab.Count }, _softplus, RowsOf(frame, Inputs), default,
            frame[Outputs[0]], frame[Outputs[1]].Slice(slab.Sample * (long)_shape.D, _shape.D), slab.Start > 0);

    public override void Run(Device device, in Frame frame) =>
        device.SelectiveScan(_shape, _softplus, RowsOf(frame, Inputs),
            Outputs.Count > 2 ? frame[Outputs[2]] : default, frame[Outputs[0]], frame[Outputs[1]]);

    internal static SelectiveScanRows RowsOf(in Frame frame, IReadOnlyList<Value?> x) =>
        new(frame[x[0]], frame[x[1]], frame[x[2]], frame[x[3]], frame[x[4]], frame[x[5]], frame[x[6]], frame[x[7]],
            frame[x[8]]);
}
