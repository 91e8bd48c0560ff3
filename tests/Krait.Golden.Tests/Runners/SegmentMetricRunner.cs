using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Training.Metrics;

namespace Krait.Golden.Tests.Runners;

/// <summary>metric.surface, metric.cells: distances of surfaces, instance scores,
/// and what their items hold beside.</summary>
internal static class SegmentMetricRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
        {
            if (item.Text("kind") == "image.connected_components")
                Label(context, item);
            else
                Compare(context, item, Scores(context.Case, item));
        }
    }

    /// <summary>Scores by the names of the case; NaN where one is undefined.</summary>
    static Dictionary<string, double> Scores(GoldenCase test, JsonElement item)
    {
        JsonElement args = item.Part("args"), inputs = item.Part("inputs");
        HostArray pred = test.Tensor(inputs.Text("pred")), gt = test.Tensor(inputs.Text("gt"));
        bool[] a = Array.ConvertAll(pred.Data, v => v != 0), b = Array.ConvertAll(gt.Data, v => v != 0);
        var grid = new MaskGrid(pred.Dims, args.Has("spacing") ? args.Reals("spacing") : null);
        switch (item.Text("kind"))
        {
            case "metric.surface" when args.Whole("connectivity") == 1:
                SurfaceScores s = SurfaceScores.Of(a, b, grid, args.Real("percentile"));
                return new()
                {
                    ["dc"] = s.Dice,
                    ["hd95"] = s.Hausdorff95,
                    ["hd"] = s.Hausdorff,
                    ["asd_pred_to_gt"] = s.ToReference,
                    ["asd_gt_to_pred"] = s.ToPrediction,
                    ["assd"] = s.Symmetric,
                };
            case "metric.percase":
                (double dice, double hd95) = SurfaceScores.PublishedCase(a, b, grid, args.Real("percentile"));
                return new() { ["dice"] = dice, ["hd95"] = hd95 };
            case "metric.nsd":
                var n = NormalizedSurfaceDice.Of(a, b, grid, args.Real("tolerance"), args.Real("robust_percentile"));
                return new()
                {
                    ["nsd"] = n.Score,
                    ["avg_pred_to_gt"] = n.ToReference,
                    ["avg_gt_to_pred"] = n.ToPrediction,
                    ["robust_hd95"] = n.RobustHausdorff,
                };
            case "metric.dice":
                return new() { ["dice"] = SurfaceScores.DiceOf(a, b, bothEmpty: 1) };
            case "metric.cells":
                return Cells(CellScores.Of(Whole(pred), Whole(gt), grid, args.Real("iou_threshold"),
                    args.Flag("count_boundary"), args.Whole("boundary_width")));
            default:
                throw new NotSupportedException($"{item.Text("kind")}: {args}");
        }
    }

    static Dictionary<string, double> Cells(CellScores s) => new()
    {
        ["true_num"] = s.ReferenceCount,
        ["pred_num"] = s.PredictedCount,
        ["tp"] = s.Hits,
        ["fp"] = s.FalseAlarms,
        ["fn"] = s.Misses,
        ["precision"] = s.Precision,
        ["recall"] = s.Recall,
        ["f1"] = s.F1,
    };

    static void Compare(RunContext context, JsonElement item, Dictionary<string, double> scores)
    {
        JsonElement tolerance = item.Part("tolerance");
        foreach (JsonProperty expected in item.Part("expected").EnumerateObject())
        {
            string name = $"{item.Text("name")} {expected.Name}";
            double got = scores[expected.Name];
            if (expected.Value.ValueKind == JsonValueKind.Null)
                context.Comparison.Require(double.IsNaN(got), $"{name}: is undefined; got {got}");
            else if (tolerance.Has("counts_abs") && expected.Name is "true_num" or "pred_num" or "tp" or "fp" or "fn")
                context.Comparison.Number(name, got, expected.Value.GetDouble(), tolerance.Real("counts_abs"));
            else
                context.Comparison.Number(name, got, expected.Value.GetDouble(), tolerance.Real("abs", 0),
                    tolerance.Real("rel", tolerance.Real("scores_rel", 0)));
        }
    }

    /// <summary>The numbers must stand for the same components;
    /// where asked for they must be the same numbers.</summary>
    static void Label(RunContext context, JsonElement item)
    {
        JsonElement args = item.Part("args");
        HostArray x = context.Case.Tensor(item.Part("inputs").Text("x"));
        int foreground = args.Whole("foreground");
        (int[] got, _) = ConnectedComponents.Label(Array.ConvertAll(x.Data, v => v == foreground),
            new MaskGrid(x.Dims), args.Whole("connectivity"));
        int[] expected = Whole(context.Case.Tensor(item.Part("outputs").Text("y")));
        context.Comparison.Require(got.Zip(expected).Distinct().Count() == expected.Distinct().Count()
            && got.Zip(expected).Distinct().Count() == got.Distinct().Count(),
            $"{item.Text("name")}: other components");
        if (args.Text("numbering") == "raster order of the first pixel")
            context.Comparison.Require(got.SequenceEqual(expected), $"{item.Text("name")}: other numbers");
    }

    static int[] Whole(HostArray x) => Array.ConvertAll(x.Data, v => (int)v);
}
