using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Krait.Training.Data;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>Worth a look; training works.</summary>
    Warning,

    /// <summary>Training would fail or its scores would be worth nothing.</summary>
    Error,
}

/// <summary>Something found in a data folder.</summary>
/// <param name="Severity">How bad.</param>
/// <param name="Kind">missing_mask, missing_image, ambiguous, unreadable, size_mismatch, geometry, not_finite,
/// channels, unknown_value, duplicate, empty_mask, full_mask, ignored_mask, stranger.</param>
/// <param name="Path">File or sample, below the data folder.</param>
/// <param name="Message">What is wrong and what to do.</param>
public sealed record Finding(Severity Severity, string Kind, string Path, string Message);

/// <summary>Counts of one part.</summary>
/// <param name="Name">train, val, test or all.</param>
/// <param name="Pairs">Pairs found.</param>
/// <param name="Smallest">Smallest picture or volume, "width x height (x depth)".</param>
/// <param name="Largest">Largest one.</param>
/// <param name="ClassShares">Share of the pixels that count of each class, background first.</param>
public sealed record PartSummary(string Name, int Pairs, string Smallest, string Largest,
    IReadOnlyList<double> ClassShares)
{
    /// <summary>Volumes: the voxel sizes that occur, most frequent first, five at most.</summary>
    public IReadOnlyList<string> VoxelSizes { get; init; } = [];

    /// <summary>Share of all pixels that count nowhere.</summary>
    public double Ignored { get; init; }
}

/// <summary>A declared region.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Classes">Names of its classes.</param>
/// <param name="Label">The class that it becomes in a label map where no later region lies.</param>
public sealed record RegionSummary(string Name, IReadOnlyList<string> Classes, string Label);

/// <summary>What <see cref="DatasetVerifier"/> found.</summary>
public sealed record DatasetReport
{
    public required string Name { get; init; }
    public required string Root { get; init; }

    /// <summary>How masks become classes, in words.</summary>
    public required string Coding { get; init; }

    /// <summary>Declared in dataset.yaml or dataset.json rather than found out.</summary>
    public required bool CodingIsDeclared { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What is learned instead of classes; none unless declared.</summary>
    public IReadOnlyList<RegionSummary> Regions { get; init; } = [];

    public required IReadOnlyList<PartSummary> Parts { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }

    [JsonIgnore]
    public int Errors => Findings.Count(f => f.Severity == Severity.Error);

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.DatasetReport);

    /// <summary>For people.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Name}: {Parts.Sum(p => p.Pairs)} pairs in {Root}");
        string origin = CodingIsDeclared ? "declared" : $"found out; declare it in {DatasetDescription.FileName}";
        text.AppendLine(CultureInfo.InvariantCulture, $"masks: {Coding} ({origin})");
        foreach (var r in Regions)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"region {r.Name}: {string.Join(" + ", r.Classes)}, labelled {r.Label}");
        foreach (var part in Parts)
        {
            string shares = string.Join(", ", part.ClassShares.Select((s, c) =>
                string.Create(CultureInfo.InvariantCulture, $"{Classes[c]} {100 * s:0.0} %")));
            if (part.Ignored > 0)
                shares += string.Create(CultureInfo.InvariantCulture, $"; {100 * part.Ignored:0.0} % ignored");
            text.AppendLine(CultureInfo.InvariantCulture,
                $"  {part.Name,-6}{part.Pairs,6} pairs  {part.Smallest} to {part.Largest}  {shares}");
            if (part.VoxelSizes.Count > 0)
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"        voxels (slices, rows, columns): {string.Join(", ", part.VoxelSizes)}");
        }
        foreach (var f in Findings.OrderByDescending(f => f.Severity))
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{f.Severity.ToString().ToLowerInvariant()}: {f.Path}: {f.Message}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Errors} errors, {Findings.Count - Errors} warnings");
        return text.ToString();
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(DatasetReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
