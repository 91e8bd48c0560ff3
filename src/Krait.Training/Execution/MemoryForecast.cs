using System.Globalization;

namespace Krait.Training.Execution;

/// <summary>What a run will hold, known before it starts.</summary>
/// <param name="ArenaBytes">Activations and gradients of activations: exact.</param>
/// <param name="StoreBytes">Weights, their gradients and optimizer slots: exact.</param>
/// <param name="ResidentBytes">What the process holds already.</param>
/// <param name="RecomputedBlocks">Blocks that the backward pass computes again to save memory.</param>
public sealed record MemoryForecast(long ArenaBytes, long StoreBytes, long ResidentBytes, int RecomputedBlocks)
{
    /// <summary>Resident memory of the whole process while it runs, within 10 %.</summary>
    public long ProcessBytes => ArenaBytes + StoreBytes + ResidentBytes;

    /// <summary>1.5 GiB, 320 MiB: binary units, three digits.</summary>
    public static string Format(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.00} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB");
}

/// <summary>A run would not fit into the memory limit, whatever is recomputed.</summary>
public sealed class MemoryLimitException(string message, int fittingBatch) : Exception(message)
{
    /// <summary>Largest batch that fits; 0 when not even one sample does.</summary>
    public int FittingBatch { get; } = fittingBatch;
}
