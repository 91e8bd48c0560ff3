using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// Multi-head attention between given queries, keys and values: in each head, y = softmax(Q Kᵀ / sqrt(D)) V, where a
/// head is D neighbouring channels. Scores are never kept.
/// </summary>
/// <remarks>Vaswani et al., arXiv:1706.03762, section 3.2.</remarks>
/// <exception cref="ShapeException">Shapes are not as said, or the heads do not divide the channels.</exception>
public sealed class Attention : Op
{
    readonly int _heads;

    Attention(Value q, Value k, Value v, int heads)
    {
        Require(q.Shape.Rank == 3 && k.Shape.Rank == 3, "queries are [B, L, C], keys [B, M, C]", q.Shape, k.Shape);
        Require(q.Shape.Batch == k.Shape.Batch && q.Shape.Width == k.Shape.Width && v.Shape == k.Shape,
            "samples and channels agree, values have the keys' shape", q.Shape, k.Shape, v.Shape);
        Require(heads >= 1 && q.Shape.Width % heads == 0, "heads divide the channels", heads, q.Shape);
        _heads = heads;
        Bind(q.Program, [q, k, v], [q.Shape, q.Shape.WithWidth(heads)]);
    }

    /// <param name="q">[B, L, C].</param>
    /// <param name="k">[B, M, C].</param>
    /// <param name="v">[B, M, C].</param>
    /// <param name="heads">C / D.</param>
    /// <returns>[B, L, C].</returns>
    public static Value Apply(Value q, Value k, Value v, int heads) =>
        q.Program.Append(new Attention(q, k, v, heads)).Outputs[0];

    /// <summary>Two products: B L M C multiply-adds each.</summary>
    public override Cost Cost => new(CostKind.Matmul, 2 * Scores * (Inputs[0]!.Shape.Width / _heads), Scores,
        Cost.BytesOf(this));

    long Scores => Outputs[1].Shape.Count * Inputs[1]!.Shape[1];

    public override bool AllowsStride(int output) => output == 0;

    public override void Differentiate(Gradients gradients)
    {
        AttentionBackward op = Outputs[0].Program.Append(new AttentionBackward([.. Inputs, .. Outputs],
            gradients.OrZero(Outputs[0]), _heads, Cost));
        for (int i = 0; i < 3; i++)
            gradients.Add(Inputs[i], op.Outputs[i]);
    }

    public override void Run(Device device, in Frame frame) =>
        device.Attention(RowsOf(frame, Inputs, _heads), frame[Outputs[0]], frame[Outputs[1]]);

    internal static AttentionRows RowsOf(in Frame frame, IReadOnlyList<Value?> x, int heads) =>
        new(x[0]!.Shape.Batch, heads, frame[x[0]], frame[x[1]], frame[x[2]]);
}

/// <summary>dq, dk and dv of <see cref="Attention"/>; scores are made again.</summary>
sealed class AttentionBackward : Op
{
    readonly int _heads;
    readonly Cost _forward;

    /// <param name="x">q, k, v, y, and the logarithms of the softmax's sums.</param>
    internal AttentionBackward(Value?[] x, Value dy, int heads, Cost forward)
    {
        (_heads, _forward) = (heads, forward);
        Shape queries = x[0]!.Shape, keys = x[1]!.Shape;
        Bind(dy.Program, [.. x, dy], [queries, keys, keys, queries.WithWidth(heads)]);
    }

    /// <summary>Seven products in the place of the forward's two.</summary>
    public override Cost Cost => new(CostKind.Matmul, _forward.Macs / 2 * 7, 2 * _forward.Exps, Cost.BytesOf(this));

    public override bool AllowsStride(int output) => output < 3;

    public override void Run(Device device, in Frame frame) => device.AttentionBackward(
        Attention.RowsOf(frame, Inputs, _heads), frame[Inputs[3]], frame[Inputs[4]], frame[Inputs[5]],
        frame[Outputs[3]], Attention.RowsOf(frame, Outputs, _heads));
}
