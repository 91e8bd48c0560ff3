namespace Krait.Training.Metrics;

/// <summary>Scores of one confusion matrix over all pixels of all pictures; 0 where there is no denominator.</summary>
public sealed record PooledScores
{
    /// <summary>What the papers print as mIoU: IoU of the foreground, mean over the foreground classes.</summary>
    public double MeanIoU { get; init; }

    /// <summary>Mean of IoU over all classes that occur, background among them.</summary>
    public double MeanIoUWithBackground { get; init; }

    /// <summary>DSC (F1) of the foreground, mean over the foreground classes.</summary>
    public double Dice { get; init; }

    /// <summary>Share of pixels that have the right class.</summary>
    public double Accuracy { get; init; }

    /// <summary>Sensitivity of the foreground, mean over the foreground classes.</summary>
    public double Sensitivity { get; init; }

    /// <summary>Specificity of the foreground, mean over the foreground classes.</summary>
    public double Specificity { get; init; }
}
