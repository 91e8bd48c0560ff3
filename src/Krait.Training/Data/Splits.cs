using System.Text.Json;
using System.Text.Json.Serialization;
using Krait.Engine;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// Which samples train, validate and test a run. A split that the folder has is kept; what it lacks is drawn by a
/// hash of (seed, name), so a sample's place does not change when others are added; samples of one subject stay
/// together. Validation is never taken from
/// a test part. Written to splits.json.
/// </summary>
public sealed record Splits
{
    public required IReadOnlyList<Sample> Train { get; init; }
    public required IReadOnlyList<Sample> Val { get; init; }
    public required IReadOnlyList<Sample> Test { get; init; }

    /// <summary>What was drawn and what the folder gave, in words.</summary>
    public required string Origin { get; init; }

    /// <summary>The split of a data set.</summary>
    /// <exception cref="ConfigException">If nothing is left to train on, or nothing to validate with.</exception>
    public static Splits Of(Dataset data, ulong seed, double valFraction, double testFraction)
    {
        IReadOnlyList<Sample> train = data["train"], val = data["val"], test = data["test"];
        string origin = "as in the folder";
        if (data[DatasetPart.Undivided] is { Count: > 0 } all)
        {
            (test, var rest) = Draw(all, seed, testFraction);
            (val, train) = Draw(rest, seed, valFraction / (1 - testFraction));
            origin = FormattableString.Invariant(
                $"drawn with seed {seed}: {valFraction:0.###} for validation, {testFraction:0.###} for the test");
        }
        else if (val.Count == 0 && train.Count > 0)
        {
            (val, train) = Draw(train, seed, valFraction);
            origin = FormattableString.Invariant(
                $"as in the folder; {valFraction:0.###} of train drawn with seed {seed} for validation");
        }
        if (train.Count == 0) throw new ConfigException($"{data.Root}: no training pairs; parts: " +
            string.Join(", ", data.Parts.Select(p => $"{p.Name} {p.Samples.Count}")) + ".");
        if (val.Count == 0)
            throw new ConfigException(FormattableString.Invariant(
                $"{data.Root}: {train.Count} training pairs and a validation share of {valFraction}")
                + " leave none to validate with. Raise data.val_fraction.");
        return new Splits { Train = train, Val = val, Test = test, Origin = origin };
    }

    /// <summary>Names by part, for splits.json; the same text for the same split.</summary>
    public string ToJson() => JsonSerializer.Serialize(new SplitNames(Origin, Names(Train), Names(Val), Names(Test)),
        SplitJson.Default.SplitNames);

    /// <summary>The split of a splits.json over the samples of a folder.</summary>
    /// <exception cref="ConfigException">If the text is no such file or names a sample that the folder
    /// lacks.</exception>
    public static Splits FromJson(string json, Dataset data)
    {
        SplitNames names;
        try
        {
            names = JsonSerializer.Deserialize(json, SplitJson.Default.SplitNames) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new ConfigException($"splits.json: cannot be read: {e.Message}", e);
        }
        var byName = data.Parts.SelectMany(p => p.Samples).ToDictionary(s => s.Name);
        IReadOnlyList<Sample> Find(IReadOnlyList<string> list) => [.. list.Select(n => byName.GetValueOrDefault(n) ??
            throw new ConfigException($"splits.json: sample '{n}' is not in {data.Root}."))];
        return new Splits
        {
            Train = Find(names.Train),
            Val = Find(names.Val),
            Test = Find(names.Test),
            Origin = names.Origin,
        };
    }

    private static string[] Names(IReadOnlyList<Sample> samples) => [.. samples.Select(s => s.Name)];

    private static (IReadOnlyList<Sample> Drawn, IReadOnlyList<Sample> Left) Draw(IReadOnlyList<Sample> all, ulong seed,
        double fraction)
    {
        int count = Math.Min((int)Math.Round(all.Count * fraction), Math.Max(0, all.Count - 1));
        if (count == 0 && fraction > 0 && all.Count > 1) count = 1;
        int subjects = all.Select(s => s.Subject ?? s.Name).Distinct().Count();
        string Key(Sample s) => subjects > 1 ? s.Subject ?? s.Name : s.Name;
        var drawn = new HashSet<Sample>();
        foreach (var group in all.GroupBy(Key).OrderBy(g => new CounterRng(seed, 0, "split/" + g.Key).Bits(0))
            .ThenBy(g => g.Key, StringComparer.Ordinal))
            if (drawn.Count < count && drawn.Count + group.Count() < all.Count) drawn.UnionWith(group);
        return ([.. all.Where(drawn.Contains)], [.. all.Where(s => !drawn.Contains(s))]);
    }
}

internal sealed record SplitNames(string Origin, IReadOnlyList<string> Train, IReadOnlyList<string> Val,
    IReadOnlyList<string> Test);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SplitNames))]
internal sealed partial class SplitJson : JsonSerializerContext;
