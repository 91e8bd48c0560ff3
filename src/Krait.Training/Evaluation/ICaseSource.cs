using Krait.Training.Data;

namespace Krait.Training.Evaluation;

/// <summary>What evaluation does differently with pictures and volumes.</summary>
internal interface ICaseSource
{
    /// <summary>Reads a sample, in the background; the function returned predicts and compares.</summary>
    Func<EvaluatedCase> Open(Sample sample);

    /// <summary>The source that the model's preprocessing asks for.</summary>
    static ICaseSource Of(Predictor predictor, MaskCoding coding, EvaluationOptions options) =>
        predictor.Model.Preprocessing.IsVolume ? new VolumeCases(predictor, coding, options)
            : new PictureCases(predictor, coding, options);
}
