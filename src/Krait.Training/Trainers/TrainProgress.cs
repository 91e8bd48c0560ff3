using Krait.Training.Execution;

namespace Krait.Training;

/// <summary>What a run is doing.</summary>
public enum TrainPhase
{
    /// <summary>Reported once, before the first step, with the memory forecast.</summary>
    Start,
    Train,
    Validate,

    /// <summary>Scoring the best weights at the end.</summary>
    Evaluate,
}

/// <summary>A report while a run goes on.</summary>
public sealed record TrainProgress
{
    public required TrainPhase Phase { get; init; }

    /// <summary>Folder of the run.</summary>
    public required string RunFolder { get; init; }

    /// <summary>Epoch, from 1.</summary>
    public required int Epoch { get; init; }

    public required int Epochs { get; init; }

    /// <summary>Batches (or pictures) of the phase that are done.</summary>
    public required int Done { get; init; }

    public required int Total { get; init; }

    /// <summary>Mean training loss of the epoch so far; NaN before the first batch.</summary>
    public double Loss { get; init; } = double.NaN;

    public double LearningRate { get; init; }

    /// <summary>Pictures a second of the epoch's training so far.</summary>
    public double PicturesPerSecond { get; init; }

    /// <summary>Set once an epoch is complete.</summary>
    public EpochMetrics? Completed { get; init; }

    /// <summary>Set with <see cref="TrainPhase.Start"/>.</summary>
    public MemoryForecast? Memory { get; init; }

    /// <summary>Set with <see cref="TrainPhase.Start"/>: a line on what was loaded, split and found out.</summary>
    public string? Note { get; init; }
}

/// <summary>Figures of a complete epoch, a row of metrics.csv.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="LearningRate">In force during the epoch.</param>
/// <param name="TrainLoss">Mean over the batches.</param>
/// <param name="ValidationCrossEntropy">Mean cross entropy a pixel at the training size.</param>
/// <param name="Dice">DSC, mean of the validation pictures at the training size:
/// what decides on the best weights.</param>
/// <param name="MedianDice">Median of the same.</param>
/// <param name="PooledDice">DSC pooled over all pixels.</param>
/// <param name="MeanIoU">Pooled mIoU as in the papers.</param>
/// <param name="Accuracy">Pooled.</param>
/// <param name="Sensitivity">Pooled.</param>
/// <param name="Specificity">Pooled.</param>
/// <param name="Seconds">The epoch, validation included.</param>
/// <param name="PicturesPerSecond">Training alone.</param>
/// <param name="IsBest">Better than all epochs before.</param>
public sealed record EpochMetrics(int Epoch, double LearningRate, double TrainLoss, double ValidationCrossEntropy,
    double Dice, double MedianDice, double PooledDice, double MeanIoU, double Accuracy, double Sensitivity,
    double Specificity, double Seconds, double PicturesPerSecond, bool IsBest)
{
    /// <summary>Columns of metrics.csv.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "epoch", "lr", "train_loss", "val_ce", "val_dice", "val_dice_median", "val_pooled_dsc", "val_miou", "val_acc",
        "val_sen", "val_spe", "seconds", "images_per_second", "is_best",
    ];

    /// <summary>Values in the order of <see cref="Columns"/>.</summary>
    public double[] Row() =>
    [
        Epoch, LearningRate, TrainLoss, ValidationCrossEntropy, Dice, MedianDice, PooledDice, MeanIoU, Accuracy,
        Sensitivity, Specificity, Math.Round(Seconds, 3), Math.Round(PicturesPerSecond, 3), IsBest ? 1 : 0,
    ];
}

/// <summary>How a run ended.</summary>
/// <param name="RunFolder">Folder of the run.</param>
/// <param name="Epochs">Complete epochs.</param>
/// <param name="BestEpoch">Epoch of the best weights, 0 if none is complete.</param>
/// <param name="BestDice">Its validation DSC, mean of pictures at the training size.</param>
/// <param name="IsInterrupted">Cancelled; a checkpoint to resume from is written.</param>
/// <param name="IsStoppedEarly">Validation did not improve any more.</param>
/// <param name="Seconds">Training time, earlier parts of a resumed run included.</param>
public sealed record TrainResult(string RunFolder, int Epochs, int BestEpoch, double BestDice, bool IsInterrupted,
    bool IsStoppedEarly, double Seconds);
