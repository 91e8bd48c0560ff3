using Krait.Nn.Mamba;

namespace Krait.Models;

/// <summary>What every network of VSS blocks can be told.</summary>
public abstract record VssOptions : ModelOptions
{
    /// <summary>VSS blocks of the four encoder stages.</summary>
    public int[] Depths { get; init; } = [2, 2, 9, 2];

    /// <summary>C, channels of the first encoder stage; each stage doubles them.</summary>
    public int Width { get; init; } = 96;

    /// <summary>N, states a channel.</summary>
    public int States { get; init; } = 16;

    /// <summary>What stands in the place of the scan.</summary>
    public ScanKind Scan { get; init; } = ScanKind.Selective;

    /// <summary>Largest stochastic-depth rate; blocks get their share by depth.</summary>
    public float DropPathRate { get; init; } = 0.2f;

    /// <summary>C, 2 C, 4 C, 8 C.</summary>
    internal int[] StageWidths() => [Width, 2 * Width, 4 * Width, 8 * Width];

    /// <summary>The block of a stage.</summary>
    internal Ss2dOptions Block(int width) => new(width, States, Scan: Scan);

    protected void CheckVss(string model)
    {
        CheckCommon(model);
        CheckDepths(model, "depths", Depths);
        CheckChannels(model, "width", Width, MostChannels / 16); // SS2D has 16 C channels in the deepest stage
        CheckChannels(model, "states", States, MostStates);
        Require(DropPathRate is >= 0 and < 1, model, "dropPathRate lies in [0, 1)", DropPathRate);
    }

    protected static void CheckDepths(string model, string name, int[] depths) => Require(
        depths.Length == 4 && depths.All(d => d is >= 1 and <= MostBlocks), model,
        $"{name} are four numbers from 1 to {MostBlocks}", string.Join(",", depths));
}
