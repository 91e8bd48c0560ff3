using Krait.Training.Data;

namespace Krait.Training.Metrics;

/// <summary>Everything an evaluation reports: pooled scores, scores of each picture and their summaries.</summary>
public sealed record EvaluationScores
{
    /// <summary>The rule for empty masks, in words, for every report.</summary>
    public const string EmptyMaskRule =
        "A class that is neither predicted nor in the reference has no score in that picture and is left out of the " +
        "means (counted as undefined); a class in only one of the two scores 0 (its distances are undefined).";

    /// <summary>Names of the foreground classes or regions that are scored.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Of classes.</summary>
    public required ConfusionMatrix Matrix { get; init; }
    public required PooledScores Pooled { get; init; }
    public required IReadOnlyList<ImageScores> Images { get; init; }

    /// <summary>Summary of the DSC of the pictures.</summary>
    public required Summary Dice { get; init; }

    /// <summary>Summary of the IoU of the pictures.</summary>
    public required Summary IoU { get; init; }

    /// <summary>Summary of DSC of each of <see cref="Names"/>.</summary>
    public required IReadOnlyList<Summary> ClassDice { get; init; }

    /// <summary>Summaries of what was measured beside, by name.</summary>
    public IReadOnlyList<(string Name, Summary Summary)> More { get; init; } = [];

    /// <summary>Gathers pictures into scores.</summary>
    /// <param name="matrix">Counts over all of them.</param>
    /// <param name="images">Each picture, scored by the same regions.</param>
    /// <param name="regions">What is scored.</param>
    /// <param name="seed">Names the bootstrap draws.</param>
    public static EvaluationScores Of(ConfusionMatrix matrix, IReadOnlyList<ImageScores> images,
        IReadOnlyList<LabelRegion> regions, ulong seed = 0) => new()
        {
            Names = [.. regions.Select(r => r.Name)],
            Matrix = matrix,
            Pooled = matrix.Pooled(regions),
            Images = images,
            Dice = Summary.Of(images.Select(x => x.Dice), seed),
            IoU = Summary.Of(images.Select(x => x.IoU), seed),
            ClassDice = [.. Enumerable.Range(0, regions.Count)
                .Select(c => Summary.Of(images.Select(x => x.ClassDice[c]), seed))],
            More = images.Count == 0 ? [] : [.. images[0].More.Select((score, i) =>
                (score.Name, Summary.Of(images.Select(x => x.More[i].Value), seed)))],
        };
}
