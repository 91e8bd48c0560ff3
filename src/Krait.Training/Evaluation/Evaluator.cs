using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Metrics;

namespace Krait.Training.Evaluation;

/// <summary>At which size prediction and reference are compared.</summary>
public enum EvaluationSize
{
    /// <summary>The picture's or volume's own: what a user of the masks gets.</summary>
    Native,

    /// <summary>The training size, as the papers do, or the voxel size of training; masks are resized to it.</summary>
    Training,
}

/// <summary>How to evaluate.</summary>
public sealed record EvaluationOptions
{
    public EvaluationSize Size { get; init; } = EvaluationSize.Native;

    /// <summary>Pictures: overlapping windows at native size instead of resizing. Volumes always are.</summary>
    public bool Tiles { get; init; }

    /// <summary>Folder for overlays of hit, false alarm and miss, or null.</summary>
    public string? OverlayFolder { get; init; }

    /// <summary>What is measured beside the overlap.</summary>
    public CaseMeasures Measures { get; init; } = new();

    /// <summary>Names the bootstrap draws.</summary>
    public ulong Seed { get; init; }

    public ImageReadOptions? Read { get; init; }
}

/// <summary>Predicts samples and scores them against their masks.</summary>
public static class Evaluator
{
    /// <summary>Evaluates; samples are read one ahead.</summary>
    /// <param name="predictor">The model.</param>
    /// <param name="samples">At least one.</param>
    /// <param name="coding">How the masks are coded; as many classes as the model has.</param>
    /// <param name="options">Sizes and overlays.</param>
    /// <param name="progress">Samples done.</param>
    /// <param name="cancel">Stops between samples.</param>
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
        var cases = ICaseSource.Of(predictor, coding, options);
        if (options.OverlayFolder is not null) Directory.CreateDirectory(options.OverlayFolder);
        var regions = predictor.Model.Scored;
        var total = new ConfusionMatrix(classes);
        var images = new List<ImageScores>();
        var next = Task.Run(() => cases.Open(samples[0]), cancel);
        for (int i = 0; i < samples.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var predict = next.GetAwaiter().GetResult();
            int ahead = i + 1;
            if (ahead < samples.Count) next = Task.Run(() => cases.Open(samples[ahead]), cancel);
            var compared = predict();
            var matrix = new ConfusionMatrix(classes);
            matrix.Add(compared.Predicted, compared.Reference);
            total.Add(matrix);
            images.Add(ImageScores.Of(samples[i].Name, matrix, regions) with
            {
                More = options.Measures.Of(compared.Predicted, compared.Reference,
                    new MaskGrid(compared.Size, compared.SpacingMm), regions),
            });
            if (options.OverlayFolder is { } folder)
                ImageFile.WritePng(Path.Combine(folder, samples[i].Name.Replace('/', '_') + ".png"), compared.Draw());
            progress?.Report(ahead);
        }
        return EvaluationScores.Of(total, images, regions, options.Seed);
    }
}
