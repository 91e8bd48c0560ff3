using Krait.Imaging;
using Krait.Training.Data;

namespace Krait.Training.Evaluation;

/// <summary>Pictures at their own size, or at the training size.</summary>
internal sealed class PictureCases(Predictor predictor, MaskCoding coding, EvaluationOptions options) : ICaseSource
{
    private readonly SampleReader reader =
        new(predictor.Model.Preprocessing with { MaskResize = MaskResize.Nearest }, coding, options.Read);

    public Func<EvaluatedCase> Open(Sample sample)
    {
        var image = reader.ReadImage(sample.ImagePath);
        byte[] labels = reader.ReadLabels(sample, image);
        return () => options.Size == EvaluationSize.Training ? AtTrainingSize(image, labels) : AtOwnSize(image, labels);
    }

    private EvaluatedCase AtOwnSize(Image image, byte[] labels)
    {
        byte[] predicted = predictor.Predict(image, options.Tiles).Labels;
        return new EvaluatedCase(predicted, labels, [image.Height, image.Width], null,
            () => ClassDrawing.Compare(image, labels, predicted));
    }

    private EvaluatedCase AtTrainingSize(Image image, byte[] labels)
    {
        var p = reader.Preprocessing;
        float[] scores = predictor.Logits(reader.Prepare(image), p.InputShape(1, p.Channels));
        predictor.Model.Readout.ToProbabilities(scores);
        return new EvaluatedCase(predictor.Model.Readout.ToLabels(scores),
            reader.ResizeLabels(labels, image.Width, image.Height), [p.Height, p.Width], null,
            () => ClassDrawing.Compare(image, labels, predictor.Predict(image, options.Tiles).Labels));
    }
}
