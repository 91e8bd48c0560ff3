using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Training.Metrics;

namespace Krait.Golden.Tests.Runners;

/// <summary>Counts and scores pooled over all pixels.</summary>
internal static class ConfusionRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
        {
            JsonElement args = item.Part("args"), inputs = item.Part("inputs"), tolerance = item.Part("tolerance");
            var matrix = new ConfusionMatrix(2);
            matrix.AddBinary(context.Case.Tensor(inputs.Text("pred")).Data, context.Case.Tensor(inputs.Text("gt")).Data,
                (float)args.Real("threshold"), (float)args.Real("target_threshold"));
            Compare(context.Comparison, item.Text("name"), matrix, item.Part("expected"),
                tolerance.Real("counts_abs"), tolerance.Real("scores_rel"));
        }
    }

    /// <summary>Counts within countsAbs; scores within scoresRel, or not compared when that is negative.</summary>
    public static void Compare(Comparison comparison, string name, ConfusionMatrix matrix, JsonElement expected,
        double countsAbs, double scoresRel)
    {
        BinaryCounts counts = matrix.Of(1);
        comparison.Number($"{name} TP", counts.TruePositive, expected.Real("TP"), countsAbs);
        comparison.Number($"{name} FP", counts.FalsePositive, expected.Real("FP"), countsAbs);
        comparison.Number($"{name} FN", counts.FalseNegative, expected.Real("FN"), countsAbs);
        comparison.Number($"{name} TN", counts.TrueNegative, expected.Real("TN"), countsAbs);
        if (scoresRel < 0)
            return;
        PooledScores scores = matrix.Pooled();
        comparison.Number($"{name} accuracy", scores.Accuracy, expected.Real("accuracy"), 0, scoresRel);
        comparison.Number($"{name} sensitivity", scores.Sensitivity, expected.Real("sensitivity"), 0, scoresRel);
        comparison.Number($"{name} specificity", scores.Specificity, expected.Real("specificity"), 0, scoresRel);
        comparison.Number($"{name} dice", scores.Dice, expected.Real("f1_or_dsc"), 0, scoresRel);
        comparison.Number($"{name} miou", scores.MeanIoU, expected.Real("miou"), 0, scoresRel);
    }
}
