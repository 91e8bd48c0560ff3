using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>
/// y = (x - mean) / sqrt(var + eps) * weight + bias, statistics over all positions and the channels of a group, per
/// sample: [B, ..., C]. arXiv:1803.08494.
/// </summary>
public class GroupNorm : Layer
{
    readonly int _groups;
    readonly Parameter? _weight;
    readonly Parameter? _bias;
    readonly float _eps;

    /// <param name="affine">Whether weight and bias are there.</param>
    /// <param name="start">Of the weight; null: ones.</param>
    public GroupNorm(Scope p, int groups, int width, bool affine = true, float eps = 1e-5f, Initializer? start = null)
        : base(p)
    {
        (_groups, _eps) = (groups, eps);
        _weight = affine ? p.Weight("weight", new Shape(width), start ?? Init.Ones) : null;
        _bias = affine ? p.Weight("bias", new Shape(width), Init.Zeros) : null;
    }

    protected override Value Trace(Value x) => Normalize(x, Activation.None, 0);

    /// <summary>activation(norm(x)) in one pass, unless somebody watches the norm.</summary>
    /// <param name="slope">Slope of a leaky ReLU below 0.</param>
    public Value ForwardActivated(Value x, Activation activation, float slope = 0.01f)
    {
        if (x.Program.IsWatched(Path))
            return Engine.Ops.Activate.Apply(Forward(x), activation, slope);
        using Program.Scoped layer = x.Program.Layer(Path);
        return Normalize(x, activation, slope);
    }

    Value Normalize(Value x, Activation activation, float slope) => Engine.Ops.GroupNorm.Apply(x, _groups,
        _weight is null ? null : x.Program.Parameter(_weight), _bias is null ? null : x.Program.Parameter(_bias), _eps,
        activation, slope);
}

/// <summary>A group norm with one group a channel. arXiv:1607.08022.</summary>
public sealed class InstanceNorm(Scope p, int width, bool affine = true, float eps = 1e-5f, Initializer? start = null)
    : GroupNorm(p, width, width, affine, eps, start);
