using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>
/// y = (x - mean) / sqrt(var + eps) * weight + bias per channel, over the batch when training, with the running
/// statistics otherwise. arXiv:1502.03167.
/// </summary>
public sealed class BatchNorm : Layer
{
    readonly Parameter _weight;
    readonly Parameter _bias;
    readonly Parameter _mean;
    readonly Parameter _variance;
    readonly Parameter _batches;

    public BatchNorm(Scope p, int width) : base(p)
    {
        _weight = p.Weight("weight", new Shape(width), Init.Ones);
        _bias = p.Weight("bias", new Shape(width), Init.Zeros);
        _mean = p.State("running_mean", new Shape(width), Init.Zeros);
        _variance = p.State("running_var", new Shape(width), Init.Ones);
        _batches = p.Counter("num_batches_tracked");
    }

    protected override Value Trace(Value x) => Normalize(x, Activation.None);

    /// <summary>activation(norm(x)) in one pass, unless somebody watches the norm.</summary>
    public Value ForwardActivated(Value x, Activation activation)
    {
        if (x.Program.IsWatched(Path))
            return Engine.Ops.Activate.Apply(Forward(x), activation);
        using Program.Scoped layer = x.Program.Layer(Path);
        return Normalize(x, activation);
    }

    Value Normalize(Value x, Activation activation) =>
        Engine.Ops.BatchNorm.Apply(x, x.Program.Parameter(_weight), x.Program.Parameter(_bias),
            x.Program.Parameter(_mean), x.Program.Parameter(_variance), eps: 1e-5f, momentum: 0.1f, activation,
            batches: x.Program.Parameter(_batches));
}
