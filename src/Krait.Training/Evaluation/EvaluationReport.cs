using System.Globalization;
using System.Text;
using System.Text.Json;
using Krait.Training.Metrics;
using Krait.Training.Runs;

namespace Krait.Training.Evaluation;

/// <summary>Writes and prints an evaluation.</summary>
public static class EvaluationReport
{
    /// <summary>Writes summary.json, per_case.csv and summary.md into a folder.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="scores">What was measured.</param>
    /// <param name="facts">What was evaluated and how, in order: ("weights", path), ("part", "val") and so on.</param>
    public static void Write(string folder, EvaluationScores scores,
        IReadOnlyList<(string Name, string Value)> facts)
    {
        Directory.CreateDirectory(folder);
        RunFile.WriteText(Path.Combine(folder, "summary.json"), ToJson(scores, facts) + "\n");
        RunFile.WriteText(Path.Combine(folder, "per_case.csv"), ToCsv(scores));
        RunFile.WriteText(Path.Combine(folder, "summary.md"), ToMarkdown(scores, facts));
    }

    /// <summary>One row a picture; an undefined score is an empty cell.</summary>
    public static string ToCsv(EvaluationScores scores)
    {
        var text = new StringBuilder("name,dice,iou");
        foreach (string name in scores.Names) text.Append(",dice_").Append(name.Replace(',', '_'));
        foreach (var (name, _) in scores.More) text.Append(',').Append(name.Replace(',', '_'));
        text.Append('\n');
        foreach (var image in scores.Images)
        {
            string name = image.Name.Contains(',') ? $"\"{image.Name}\"" : image.Name;
            text.Append(name).Append(',').Append(Cell(image.Dice)).Append(',').Append(Cell(image.IoU));
            foreach (double d in image.ClassDice) text.Append(',').Append(Cell(d));
            foreach (var (_, value) in image.More) text.Append(',').Append(Cell(value));
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>For people and for report.md.</summary>
    public static string ToMarkdown(EvaluationScores scores,
        IReadOnlyList<(string Name, string Value)> facts)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in facts) text.Append(CultureInfo.InvariantCulture, $"- {name}: {value}\n");
        if (facts.Count > 0) text.Append('\n');
        var p = scores.Pooled;
        text.Append("Pooled over all pixels, as the papers print (mIoU is the foreground's):\n\n");
        text.Append("| mIoU | DSC | Acc | Sen | Spe | mean IoU with background |\n|---|---|---|---|---|---|\n");
        text.Append(CultureInfo.InvariantCulture, $"| {p.MeanIoU:0.0000} | {p.Dice:0.0000} | {p.Accuracy:0.0000} | ");
        text.Append(CultureInfo.InvariantCulture,
            $"{p.Sensitivity:0.0000} | {p.Specificity:0.0000} | {p.MeanIoUWithBackground:0.0000} |\n\n");
        text.Append("Per picture:\n\n| score | mean | 95 % interval | median | quartiles | pictures | undefined |\n");
        text.Append("|---|---|---|---|---|---|---|\n");
        Row(text, "DSC", scores.Dice);
        Row(text, "IoU", scores.IoU);
        if (scores.Names.Count > 1)
            foreach (var (name, summary) in scores.Names.Zip(scores.ClassDice)) Row(text, $"DSC {name}", summary);
        foreach (var (name, summary) in scores.More) Row(text, name, summary);
        text.Append('\n').Append(EvaluationScores.EmptyMaskRule)
            .Append(" Intervals: percentile bootstrap of the mean, ")
            .Append(CultureInfo.InvariantCulture, $"{Bootstrap.Resamples} resamples.\n");
        return text.ToString();
    }

    /// <summary>All figures as JSON; undefined scores are null.</summary>
    public static string ToJson(EvaluationScores scores,
        IReadOnlyList<(string Name, string Value)> facts)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var (name, value) in facts) json.WriteString(name, value);
            json.WriteStartObject("pooled");
            Number(json, "miou", scores.Pooled.MeanIoU);
            Number(json, "miou_with_background", scores.Pooled.MeanIoUWithBackground);
            Number(json, "dsc", scores.Pooled.Dice);
            Number(json, "accuracy", scores.Pooled.Accuracy);
            Number(json, "sensitivity", scores.Pooled.Sensitivity);
            Number(json, "specificity", scores.Pooled.Specificity);
            json.WriteEndObject();
            json.WriteStartObject("per_image");
            Write(json, "dsc", scores.Dice);
            Write(json, "iou", scores.IoU);
            foreach (var (name, summary) in scores.Names.Zip(scores.ClassDice)) Write(json, "dsc_" + name, summary);
            foreach (var (name, summary) in scores.More) Write(json, name, summary);
            json.WriteEndObject();
            json.WriteString("empty_mask_rule", EvaluationScores.EmptyMaskRule);
            json.WriteStartArray("confusion");
            for (int r = 0; r < scores.Matrix.Classes; r++)
            {
                json.WriteStartArray();
                for (int q = 0; q < scores.Matrix.Classes; q++) json.WriteNumberValue(scores.Matrix[r, q]);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, string name, Summary s)
    {
        json.WriteStartObject(name);
        Number(json, "mean", s.Mean);
        Number(json, "ci95_low", s.Confidence.Low);
        Number(json, "ci95_high", s.Confidence.High);
        Number(json, "median", s.Median);
        Number(json, "standard_deviation", s.StandardDeviation);
        Number(json, "lower_quartile", s.LowerQuartile);
        Number(json, "upper_quartile", s.UpperQuartile);
        json.WriteNumber("pictures", s.Count);
        json.WriteNumber("undefined", s.Undefined);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    private static void Row(StringBuilder text, string name, Summary s)
    {
        string F(double v) => double.IsNaN(v) ? "undefined" : v.ToString("0.0000", CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture,
            $"| {name} | {F(s.Mean)} | {F(s.Confidence.Low)} to {F(s.Confidence.High)} | ");
        text.Append(CultureInfo.InvariantCulture,
            $"{F(s.Median)} | {F(s.LowerQuartile)} to {F(s.UpperQuartile)} | {s.Count} | {s.Undefined} |\n");
    }

    private static string Cell(double value) =>
        double.IsNaN(value) ? "" : value.ToString("0.######", CultureInfo.InvariantCulture);
}
