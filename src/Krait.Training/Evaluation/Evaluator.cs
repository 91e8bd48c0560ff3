using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training.Evaluation;

/// <summary>At which size prediction and reference are compared.</summary>
public enum EvaluationSize
{
    /// <summary>The picture's own: what a user of the masks gets.</summary>
    Native,

    /// <summary>The training size, as the papers do; masks are resized to it.</summary>
    Training,
}

/// <summary>How to evaluate.</summary>
public sealed record EvaluationOptions
{
    public EvaluationSize Size { get; init; } = EvaluationSize.Native;

    /// <summary>Overlapping windows at native size instead of resizing.</summary>
    public bool Tiles { get; init; }

    /// <summary>Folder for overlays of hit, false alarm and miss, or null.</summary>
    public string? OverlayFolder { get; init; }

    /// <summary>Names the bootstrap draws.</summary>
    public ulong Seed { get; init; }

    public ImageReadOptions? Read { get; init; }
}

/// <summary>Predicts samples and scores them against their masks.</summary>
public static class Evaluator
{
    /// <summary>Evaluates; pictures are read one ahead.</summary>
    /// <param name="predictor">The model.</param>
    /// <param name="samples">At least one.</param>
    /// <param name="coding">How the masks are coded; as many classes as the model has.</param>
    /// <param name="options">Sizes and overlays.</param>
    /// <param name="progress">Pictures done.</param>
    /// <param name="cancel">Stops between pictures.</param>
    /// <exception cref="ConfigException">If classes do not fit, or image and mask do not.</exception>
    public static EvaluationScores Run(Predictor predictor, IReadOnlyList<Sample> samples, MaskCoding coding,
        EvaluationOptions? options = null, IProgress<int>? progress = null, CancellationToken cancel = default)
    {
        options ??= new EvaluationOptions();
        int classes = predictor.Model.Classes.Count;
        if (coding.Classes.Count != classes)
            throw new ConfigException($"evaluate: the model has {classes} classes, the data {coding.Classes.Count} " +
                $"({coding.Describe()}). They must be the same.");
        if (samples.Count == 0) throw new ConfigException("evaluate: there are no pairs in this part of the data.");
        var reader = new SampleReader(predictor.Model.Preprocessing with { MaskResize = MaskResize.Nearest }, coding,
            options.Read);
        if (options.OverlayFolder is not null) Directory.CreateDirectory(options.OverlayFolder);
        var total = new ConfusionMatrix(classes);
        var images = new List<ImageScores>();
        var next = Task.Run(() => reader.ReadImage(samples[0].ImagePath), cancel);
        for (int i = 0; i < samples.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var image = next.GetAwaiter().GetResult();
            int ahead = i + 1;
            if (ahead < samples.Count) next = Task.Run(() => reader.ReadImage(samples[ahead].ImagePath), cancel);
            var (predicted, reference) = Compare(predictor, reader, samples[i], image, options);
            var matrix = new ConfusionMatrix(classes);
            matrix.Add(predicted, reference);
            total.Add(matrix);
            images.Add(ImageScores.Of(samples[i].Name, matrix));
            progress?.Report(ahead);
        }
        return EvaluationScores.Of(total, images, options.Seed);
    }

    private static (byte[] Predicted, byte[] Reference) Compare(Predictor predictor, SampleReader reader, Sample sample,
        Image image, EvaluationOptions options)
    {
        byte[] native = reader.ReadLabels(sample, image);
        if (options.Size == EvaluationSize.Training)
        {
            var p = reader.Preprocessing;
            float[] scores = predictor.Logits(reader.Prepare(image), 1, p.Height, p.Width);
            Prediction.ToProbabilities(scores, predictor.Model.Outputs);
            return (Prediction.ToLabels(scores, predictor.Model.Outputs), reader.ResizeLabels(native, image.Width, image.Height));
        }
        byte[] predicted = predictor.Predict(image, options.Tiles).Labels;
        if (options.OverlayFolder is { } folder)
            ImageFile.WritePng(Path.Combine(folder, sample.Name.Replace('/', '_') + ".png"),
                ClassDrawing.Compare(image, native, predicted));
        return (predicted, native);
    }
}
