using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Nn;

/// <summary>
/// Multi-head self-attention between all positions of a sample: [B, ..., C] to the same shape, in heads of 32 channels
/// where C is a multiple of 32, else in one.
/// </summary>
/// <remarks>Vaswani et al., arXiv:1706.03762, section 3.2.</remarks>
public sealed class SelfAttention : Layer
{
    /// <summary>Its time grows with the square of the positions; beyond this many it is refused.</summary>
    public const int MaxTokens = 4096;

    const int HeadWidth = 32;

    readonly Linear _qkv;
    readonly Linear _proj;

    public SelfAttention(Scope p, int width) : base(p)
    {
        _qkv = new Linear(p / "qkv", width, 3 * width, init: Init.FanIn(width));
        _proj = new Linear(p / "proj", width, width, init: Init.FanIn(width));
    }

    /// <exception cref="ShapeException">A sample has more than <see cref="MaxTokens"/> positions.</exception>
    protected override Value Trace(Value x)
    {
        Shape shape = x.Shape;
        int c = shape.Width;
        ShapeException.Require(shape.RowsPerSample <= MaxTokens, Path,
            $"self-attention takes at most {MaxTokens} positions; use smaller pictures or patches, or another mixer",
            $"{shape.RowsPerSample} positions of {shape}");
        Value qkv = _qkv.Forward(Reshape.Apply(x, new Shape(shape.Batch, (int)shape.RowsPerSample, c)));
        Value y = Attention.Apply(SliceChannels.Apply(qkv, 0, c), SliceChannels.Apply(qkv, c, c),
            SliceChannels.Apply(qkv, 2 * c, c), c % HeadWidth == 0 ? c / HeadWidth : 1);
        return Reshape.Apply(_proj.Forward(y), shape);
    }
}
