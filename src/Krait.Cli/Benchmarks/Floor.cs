using Krait.Engine.Programs;

namespace Krait.Cli.Benchmarks;

/// <summary>
/// The least time that the ops of a plan can take here: multiply-adds at the FMA peak, and for scans the cycles that
/// their arithmetic holds the FMA ports. What only streams (norms, activations, copies) counts nothing, since it could
/// be fused into what counts.
/// </summary>
static class Floor
{
    /// <summary>FMA-port cycles for each register of state updates: 5.4 for exp2, 4 for multiply-adds.</summary>
    const double ScanUpdate = 9.4;

    /// <summary>FMA-port cycles for each register of rows (softplus).</summary>
    const double ScanRow = 25;

    /// <summary>The same for the gradient, beyond the recomputed forward pass.</summary>
    const double ScanUpdateBackward = 20;
    const double ScanRowBackward = 60;

    /// <summary>States of every published scan here; rows are updates / states.</summary>
    const int States = 16;

    /// <summary>Bytes that AdamW reads and writes for each parameter.</summary>
    const double AdamWBytes = 28;

    /// <summary>Seconds of one op; 0 for streaming work.</summary>
    public static double Seconds(Op op, MachineLimits limits)
    {
        Cost cost = op.Cost;
        if (cost.ScanUpdates > 0)
        {
            bool isBackward = op.Name.Contains("Backward", StringComparison.Ordinal)
                || op.Name.Contains("Gradient", StringComparison.Ordinal);
            return Scan(cost.ScanUpdates, isBackward, limits) + (2.0 * cost.ProductMacs / limits.FlopsPerSecond);
        }
        bool counts = cost.Kind is CostKind.Linear or CostKind.Conv or CostKind.Einsum or CostKind.Matmul;
        return counts ? 2.0 * cost.Macs / limits.FlopsPerSecond : 0;
    }

    /// <summary>A port cycle moves one register of FMAs, that is 2 operations a lane.</summary>
    public static double Scan(long updates, bool isBackward, MachineLimits limits)
    {
        double rows = (double)updates / States;
        double lanes = isBackward
            ? (ScanUpdateBackward * updates) + (ScanRowBackward * rows)
            : (ScanUpdate * updates) + (ScanRow * rows);
        return 2 * lanes / limits.FlopsPerSecond;
    }

    /// <summary>One pass of AdamW.</summary>
    public static double AdamW(long parameters, MachineLimits limits) =>
        AdamWBytes * parameters / limits.BytesPerSecond;
}
