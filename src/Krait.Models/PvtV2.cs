using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>Sizes of one stage of a pyramid vision transformer.</summary>
/// <param name="Width">C, channels.</param>
/// <param name="Heads">Heads of the attention.</param>
/// <param name="Depth">Blocks.</param>
/// <param name="MlpRatio">Widening of the MLP.</param>
/// <param name="Reduction">Side of the windows that make one key; 1: every position is a key.</param>
public sealed record PvtStageOptions(int Width, int Heads, int Depth, int MlpRatio, int Reduction);

/// <summary>
/// The encoder PVT v2: four stages of overlapping patch embedding, blocks of attention with fewer keys, and LayerNorm:
/// [B, H, W, I] to maps of H/4, H/8, H/16 and H/32.
/// </summary>
/// <remarks>Wang et al., arXiv:2106.13797, figure 1 and table 1.</remarks>
sealed class PvtV2
{
    const float Eps = 1e-6f;

    readonly (OverlapEmbed Embed, PvtBlock[] Blocks, LayerNorm Norm)[] _stages;

    public PvtV2(Scope p, int inputChannels, IReadOnlyList<PvtStageOptions> stages, bool qkvBias, float dropPath)
    {
        float[] rates = ModelOptions.DropPathRamp(dropPath, stages.Sum(s => s.Depth));
        OverlapEmbed[] embeds = [.. stages.Select((s, i) => new OverlapEmbed(p / $"patch_embed{i + 1}",
            i == 0 ? inputChannels : stages[i - 1].Width, s.Width, i == 0 ? 7 : 3, i == 0 ? 4 : 2))];
        int block = 0;
        _stages = new (OverlapEmbed, PvtBlock[], LayerNorm)[stages.Count];
        for (int i = 0; i < stages.Count; i++)
        {
            PvtBlock[] blocks = [.. Enumerable.Range(0, stages[i].Depth).Select(b =>
                new PvtBlock(p / $"block{i + 1}" / b, stages[i], qkvBias, rates[block++], Eps))];
            _stages[i] = (embeds[i], blocks, new LayerNorm(p / $"norm{i + 1}", stages[i].Width, Eps));
        }
        DropPathRates = [.. _stages.SelectMany(s => s.Blocks).Zip(rates, (b, r) => KeyValuePair.Create(b.Path, r))];
    }

    /// <summary>Stochastic-depth rate of each block.</summary>
    public IReadOnlyList<KeyValuePair<string, float>> DropPathRates { get; }

    /// <summary>The maps of all stages, finest first.</summary>
    public Value[] Forward(Value x)
    {
        var maps = new Value[_stages.Length];
        for (int i = 0; i < maps.Length; i++)
        {
            x = _stages[i].Embed.Forward(x);
            x = _stages[i].Blocks.Aggregate(x, (y, block) => block.Forward(y));
            x = maps[i] = _stages[i].Norm.Forward(x);
        }
        return maps;
    }

    /// <summary>N(0, 2 / fan-out), as PVT starts its convolutions.</summary>
    internal static Func<int, Initializer> FanOut(int kernel, int outWidth, int groups = 1) =>
        _ => Init.Normal(Math.Sqrt(2.0 * groups / (kernel * kernel * outWidth)));
}

/// <summary>Overlapping patches become tokens: a convolution with a stride, then LayerNorm.</summary>
sealed class OverlapEmbed(Scope p, int inWidth, int width, int kernel, int stride) : Layer(p)
{
    readonly Conv _proj = new(p / "proj", inWidth, width, kernel, stride, kernel / 2,
        init: PvtV2.FanOut(kernel, width));
    readonly LayerNorm _norm = new(p / "norm", width);

    protected override Value Trace(Value x) => _norm.Forward(_proj.Forward(x));
}

/// <summary>y = x + attention(LayerNorm(x)); y + MLP(LayerNorm(y)): [B, H, W, C] to the same shape.</summary>
sealed class PvtBlock : Layer
{
    readonly LayerNorm _norm1;
    readonly PvtAttention _attention;
    readonly LayerNorm _norm2;
    readonly PvtMlp _mlp;
    readonly float _dropPath;

    public PvtBlock(Scope p, PvtStageOptions o, bool qkvBias, float dropPath, float eps) : base(p)
    {
        _norm1 = new LayerNorm(p / "norm1", o.Width, eps);
        _attention = new PvtAttention(p / "attn", o, qkvBias);
        _norm2 = new LayerNorm(p / "norm2", o.Width, eps);
        _mlp = new PvtMlp(p / "mlp", o.Width, o.Width * o.MlpRatio);
        _dropPath = dropPath;
    }

    protected override Value Trace(Value x)
    {
        using Program.Scoped block = x.Program.RecomputableBlock();
        x = Join(x, _attention.Forward(_norm1.Forward(x)));
        return Join(x, _mlp.Forward(_norm2.Forward(x)));
    }

    Value Join(Value x, Value y) => _dropPath == 0 || !x.Program.IsTraining
        ? Add.Apply(x, y)
        : DropPath.Residual(x, y, _dropPath);
}

/// <summary>
/// Multi-head attention from every position to one key a window of the reduction's side: [B, H, W, C] to the same
/// shape.
/// </summary>
/// <remarks>PVT, arXiv:2102.12122, equations 1 to 3.</remarks>
sealed class PvtAttention : Layer
{
    readonly int _heads;
    readonly Linear _q;
    readonly Linear _kv;
    readonly Linear _proj;
    readonly Conv? _reduce;
    readonly LayerNorm? _norm;

    public PvtAttention(Scope p, PvtStageOptions o, bool qkvBias) : base(p)
    {
        _heads = o.Heads;
        _q = new Linear(p / "q", o.Width, o.Width, qkvBias);
        _kv = new Linear(p / "kv", o.Width, 2 * o.Width, qkvBias);
        _proj = new Linear(p / "proj", o.Width, o.Width);
        if (o.Reduction == 1)
            return;
        _reduce = new Conv(p / "sr", o.Width, o.Width, o.Reduction, o.Reduction, 0,
            init: PvtV2.FanOut(o.Reduction, o.Width));
        _norm = new LayerNorm(p / "norm", o.Width);
    }

    protected override Value Trace(Value x)
    {
        int c = x.Shape.Width;
        Value keys = _reduce is null ? x : _norm!.Forward(_reduce.Forward(x));      // [B, H / R, W / R, C]
        Value kv = Tokens(_kv.Forward(keys));
        Value y = Attention.Apply(Tokens(_q.Forward(x)), SliceChannels.Apply(kv, 0, c), SliceChannels.Apply(kv, c, c),
            _heads);                                                                // [B, H W, C]
        return Reshape.Apply(_proj.Forward(y), x.Shape);
    }

    static Value Tokens(Value x) =>
        Reshape.Apply(x, new Shape(x.Shape.Batch, checked((int)x.Shape.RowsPerSample), x.Shape.Width));
}

/// <summary>Linear, depthwise 3x3 convolution, GELU, linear: [B, H, W, C] to the same shape.</summary>
sealed class PvtMlp(Scope p, int width, int hidden) : Layer(p)
{
    readonly Linear _fc1 = new(p / "fc1", width, hidden);
    readonly DepthwiseConv _conv = new(p / "dwconv" / "dwconv", hidden, 3, init: PvtV2.FanOut(3, hidden, hidden));
    readonly Linear _fc2 = new(p / "fc2", hidden, width);

    protected override Value Trace(Value x) => _fc2.Forward(_conv.ForwardActivated(_fc1.Forward(x), Activation.Gelu));
}
