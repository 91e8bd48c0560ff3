namespace Krait.Training.Config;

/// <summary>Parameters that do not learn at first, as where a pretrained encoder waits for a fresh decoder.</summary>
public sealed record FreezeConfig
{
    /// <summary>Epochs for which they stand still; 0 for none.</summary>
    public int Epochs { get; init; }

    /// <summary>How their names begin.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>What is in the names of those that learn all the same.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>Keys of the configuration's <c>freeze</c> section.</summary>
    public static ConfigSection<FreezeConfig> Section { get; } = new ConfigSection<FreezeConfig>()
        .Whole("epochs", "epochs in which the parameters named do not learn, 0 for none", c => c.Epochs,
            (c, v) => c with { Epochs = v })
        .Texts("names", "how the names of these parameters begin", c => c.Names, (c, v) => c with { Names = v })
        .Texts("except", "what is in the names of those that learn all the same", c => c.Except,
            (c, v) => c with { Except = v });
}
