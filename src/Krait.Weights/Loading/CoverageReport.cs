using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Krait.Weights;

/// <summary>A tensor the model asks for.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Shape">Its shape in the published layout (a convolution is [out, in, height, width]).</param>
public sealed record ExpectedTensor(string Name, IReadOnlyList<long> Shape);

/// <summary>A tensor of one side only.</summary>
public sealed record NamedShape(string Name, IReadOnlyList<long> Shape);

/// <summary>A tensor of the file that fills a tensor of the model.</summary>
public sealed record Match(string Name, string FileName, IReadOnlyList<long> Shape);

/// <summary>A tensor of the file whose shape does not fit its place in the model.</summary>
public sealed record ShapeMismatch(string Name, string FileName, IReadOnlyList<long> ModelShape,
    IReadOnlyList<long> FileShape);

/// <summary>A name that was left out on purpose.</summary>
public sealed record LeftOut(string Name, string Reason);

/// <summary>What a load would fill and what not; names of the model and of the file, in their order there.</summary>
public sealed record CoverageReport
{
    const int NamesInMessage = 3;
    const int LinesInTable = 20;

    public required string File { get; init; }

    /// <summary>What stood before every name of the file, such as "model." or "module.", and was taken off.</summary>
    public string StrippedPrefix { get; init; } = "";

    /// <summary>The map that was used, or null.</summary>
    public string? Map { get; init; }

    /// <summary>Filled under the same name.</summary>
    public required IReadOnlyList<Match> Matched { get; init; }

    /// <summary>Filled from another name, as the map says.</summary>
    public required IReadOnlyList<Match> Renamed { get; init; }

    public required IReadOnlyList<ShapeMismatch> MisShaped { get; init; }

    /// <summary>In the model and not in the file.</summary>
    public required IReadOnlyList<NamedShape> Missing { get; init; }

    /// <summary>In the file and not in the model.</summary>
    public required IReadOnlyList<NamedShape> Unexpected { get; init; }

    /// <summary>
    /// Tensors of the file that were left out on purpose: operation counts, optimizer state, a foreign head.
    /// </summary>
    public required IReadOnlyList<LeftOut> Ignored { get; init; }

    /// <summary>Tensors of the model that keep their initial values because such a file never has them.</summary>
    public required IReadOnlyList<LeftOut> Fresh { get; init; }

    /// <summary>True when nothing is mis-shaped, missing or unexpected.</summary>
    public bool IsComplete => MisShaped.Count + Missing.Count + Unexpected.Count == 0 && Filled > 0;

    /// <summary>Number of tensors of the model that are filled.</summary>
    public int Filled => Matched.Count + Renamed.Count;

    /// <summary>The report as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.CoverageReport);

    /// <summary>The report as a table: a line of counts, then the names that were not filled one to one.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.Append($"load {File}: {Filled} of {Filled + MisShaped.Count + Missing.Count + Fresh.Count} filled");
        if (StrippedPrefix.Length > 0)
            text.Append($", prefix \"{StrippedPrefix}\" taken off");
        text.Append(Map is null ? "\n" : $", map {Map}\n");
        text.Append($"  {"matched",-12}{Matched.Count,6}\n");
        Table(text, "renamed", Renamed.Select(m => $"{m.FileName} -> {m.Name}"), Renamed.Count);
        Table(text, "mis-shaped", MisShaped.Select(Describe), MisShaped.Count);
        Table(text, "missing", Missing.Select(Describe), Missing.Count);
        Table(text, "unexpected", Unexpected.Select(Describe), Unexpected.Count);
        Table(text, "ignored", ByReason(Ignored), Ignored.Count);
        Table(text, "as initial", ByReason(Fresh), Fresh.Count);
        return text.ToString();
    }

    /// <summary>
    /// Fails unless the load is complete, or <paramref name="allowPartial"/> and something was filled.
    /// </summary>
    /// <exception cref="WeightsException">With the counts, the first names of each kind and a hint.</exception>
    public void ThrowIfIncomplete(bool allowPartial)
    {
        if (IsComplete || (allowPartial && Filled > 0))
            return;
        var counts = new List<string>();
        if (Filled == 0)
            counts.Add("no tensor fits the model");
        if (MisShaped.Count > 0)
            counts.Add($"{MisShaped.Count} of another shape");
        if (Missing.Count > 0)
            counts.Add($"{Missing.Count} {(Missing.Count == 1 ? "parameter" : "parameters")} missing");
        if (Unexpected.Count > 0)
            counts.Add($"{Unexpected.Count} unused");
        throw new WeightsException($"load {File}: {string.Join(", ", counts)}." +
            Sentence("Of another shape", MisShaped.Select(Describe), MisShaped.Count) +
            Sentence("Missing", Missing.Select(Describe), Missing.Count) +
            Sentence("Unused", Unexpected.Select(n => n.Name), Unexpected.Count) +
            $" Hint: {CoverageHint.For(this)}");
    }

    internal static string Describe(ShapeMismatch m) =>
        $"{m.Name} {Shape(m.ModelShape)}, in the file {Shape(m.FileShape)}";

    static string Describe(NamedShape n) => $"{n.Name} {Shape(n.Shape)}";

    static string Shape(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";

    static IEnumerable<string> ByReason(IReadOnlyList<LeftOut> names) => names.GroupBy(n => n.Reason)
        .Select(g => $"{g.Count()} x {g.Key}: {g.First().Name}{(g.Count() > 1 ? ", ..." : "")}");

    static void Table(StringBuilder text, string kind, IEnumerable<string> lines, int count)
    {
        text.Append($"  {kind,-12}{count,6}\n");
        var shown = lines.Take(LinesInTable + 1).ToList();
        foreach (var line in shown.Take(LinesInTable))
            text.Append($"    {line}\n");
        if (shown.Count > LinesInTable)
            text.Append($"    ... and {count - LinesInTable} more\n");
    }

    static string Sentence(string kind, IEnumerable<string> names, int count) => count == 0 ? "" :
        $" {kind}: {string.Join("; ", names.Take(NamesInMessage))}{(count > NamesInMessage ? "; ..." : "")}.";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(CoverageReport))]
sealed partial class ReportJson : JsonSerializerContext;
