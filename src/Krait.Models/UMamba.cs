using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>What U-Mamba Bot and U-Mamba Enc can be told.</summary>
public abstract record UMambaOptions : StagedOptions
{
    /// <summary>Blocks of each encoder stage; empty: two, and one in the deeper half.</summary>
    public int[] Blocks { get; init; } = [];

    /// <summary>Blocks of each decoder stage, deepest first; empty: two, and one in the finer half.</summary>
    public int[] BlocksDecoder { get; init; } = [];

    /// <summary>What stands in the place of the scan: selective, or none to ask whether Mamba matters.</summary>
    public ScanKind Scan { get; init; }

    /// <remarks>
    /// Parity: the published constructors lower what the plan says to one block from stage ceil(n / 2) of the encoder
    /// on, and from ceil(n / 2) of the decoder on up to its last but one.
    /// </remarks>
    protected T PlannedBlocks<T>(string model) where T : UMambaOptions
    {
        var planned = (UMambaOptions)Planned(model);
        int n = planned.Stages;
        int[] blocks = PerStage(model, "blocks", Blocks, n, 2);
        int[] decoder = PerStage(model, "blocksDecoder", BlocksDecoder, n - 1, 2);
        return (T)(planned with
        {
            Blocks = [.. blocks.Select((b, s) => s >= (n + 1) / 2 ? 1 : b)],
            BlocksDecoder = [.. decoder.Select((b, s) => s >= (n + 1) / 2 ? 1 : b)],
        });
    }
}

/// <summary>Encoder and decoder that the two U-Mambas share.</summary>
/// <remarks>Ma, Li, Wang: U-Mamba, arXiv:2401.04722, figure 1a.</remarks>
sealed class UMambaBody
{
    readonly UMambaStage _stem;
    readonly UMambaStage[] _stages;
    readonly SkipDecoder _decoder;

    /// <param name="afterStem">Declares what the encoder has between stem and stages.</param>
    /// <param name="beforeDecoder">Declares what the published network has before its decoder.</param>
    public UMambaBody(Scope p, UMambaOptions o, Action<Scope>? afterStem = null, Action? beforeDecoder = null)
    {
        int n = o.Stages;
        Scope encoder = p / "encoder", decoder = p / "decoder";
        _stem = new UMambaStage(encoder / "stem", o.Blocks[0], o.InputChannels, o.Features[0], o.Kernels[0], o.Ones,
            o.ConvBias);
        afterStem?.Invoke(encoder);
        _stages = [.. Enumerable.Range(0, n).Select(s => new UMambaStage(encoder / "stages" / s, o.Blocks[s],
            o.Features[Math.Max(s - 1, 0)], o.Features[s], o.Kernels[s], o.Strides[s], o.ConvBias))];
        beforeDecoder?.Invoke();
        bool joinsFinest = o.Dims == 3;
        int[] steps = [.. Enumerable.Range(0, n - 1)];
        UMambaStage[] stages = [.. steps.Select(i => new UMambaStage(decoder / "stages" / i, o.BlocksDecoder[i],
            (i == n - 2 && !joinsFinest ? 1 : 2) * o.Features[n - 2 - i], o.Features[n - 2 - i], o.Kernels[n - 2 - i],
            o.Ones, o.ConvBias))];
        UpsampleConv[] ups = [.. steps.Select(i => new UpsampleConv(decoder / "upsample_layers" / i,
            o.Features[n - 1 - i], o.Features[n - 2 - i], o.Strides[n - 1 - i]))];
        Conv[] heads = [.. steps.Select(i => new Conv(decoder / "seg_layers" / i, o.Features[n - 2 - i], o.Classes,
            o.Ones, o.Ones, init: Init.HeNormal))];
        _decoder = new SkipDecoder(ups, stages, heads, o.DeepSupervision, joinsFinest);
    }

    /// <summary>The maps of all stages, finest first; each passes what <paramref name="after"/> does to it.</summary>
    public Value[] Encode(Value image, Func<int, Value, Value> after)
    {
        var maps = new Value[_stages.Length];
        Value x = _stem.Forward(image);
        for (int s = 0; s < maps.Length; s++)
            maps[s] = x = image.Program.Tap($"encoder.{s}", after(s, _stages[s].Forward(x)));
        return maps;
    }

    public IReadOnlyList<Value> Decode(Value[] maps) => _decoder.Forward(maps);
}
