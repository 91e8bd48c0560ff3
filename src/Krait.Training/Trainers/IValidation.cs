namespace Krait.Training;

/// <summary>What validation does differently with pictures and volumes.</summary>
internal interface IValidation
{
    /// <summary>One pass over the validation samples; null if it was cancelled.</summary>
    /// <param name="predictor">The network as it stands.</param>
    /// <param name="report">Samples done.</param>
    /// <param name="cancel">Stops between batches or volumes.</param>
    ValidationScores? Run(Predictor predictor, Action<int> report, CancellationToken cancel);
}
