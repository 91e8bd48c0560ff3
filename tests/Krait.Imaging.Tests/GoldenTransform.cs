using System.Text.Json;
using Krait.Imaging.Transforms;

namespace Krait.Imaging.Tests;

/// <summary>Runs one item of an image.transforms case.</summary>
internal static class GoldenTransform
{
    /// <returns>Null when it matches, else what differs.</returns>
    public static string? Check(
        string kind,
        JsonElement item,
        Dictionary<string, (int[] Shape, double[] Values)> io,
        JsonElement layouts)
    {
        string input = item.GetProperty("inputs").GetProperty("x").GetString()!;
        (int[] shape, double[] x) = io[input];
        (int[] outShape, double[] expected) = io[item.GetProperty("outputs").GetProperty("y").GetString()!];
        bool planar = LayoutOf(input, layouts).EndsWith("(C,H,W)", StringComparison.Ordinal);
        JsonElement args = item.GetProperty("args");
        double[] actual = planar
            ? ByPlane(shape, x, outShape, (h, w, plane) => Run(kind, args, [h, w], plane, outShape[1..]))
            : Run(kind, args, shape, x, outShape);
        return Compare(item.GetProperty("tolerance"), expected, actual);
    }

    /// <summary>The exact name's layout, else that of the longest beginning that ends with a star.</summary>
    private static string LayoutOf(string tensor, JsonElement layouts) => layouts.EnumerateObject()
        .Where(l => l.Name == tensor
            || (l.Name.EndsWith('*') && tensor.StartsWith(l.Name[..^1], StringComparison.Ordinal)))
        .MaxBy(l => l.Name == tensor ? int.MaxValue : l.Name.Length).Value.GetString()!;

    private static double[] ByPlane(int[] shape, double[] x, int[] outShape, Func<int, int, double[], double[]> run)
    {
        int size = shape[1] * shape[2];
        Assert.Equal(shape[0], outShape[0]);
        return [.. Enumerable.Range(0, shape[0])
            .SelectMany(c => run(shape[1], shape[2], x[(c * size)..((c + 1) * size)]))];
    }

    private static double[] Run(string kind, JsonElement args, int[] shape, double[] x, int[] outShape)
    {
        float[] f = Array.ConvertAll(x, v => (float)v);
        (int h, int w) = (shape[0], shape[1]);
        return kind switch
        {
            "image.resize" when Text(args, "mode") == "nearest" =>
                Widen(ImageTransforms.ResizeNearest<float>(f, h, w, 1, outShape[0], outShape[1])),
            "image.resize" => Widen(ImageTransforms.ResizeBilinear(
                f, h, w, 1, outShape[0], outShape[1], args.GetProperty("antialias").GetBoolean())),
            "image.rotate" when args.TryGetProperty("order", out _) =>
                Widen(NdTransforms.RotateNearest(f, h, w, Number(args, "angle_degrees"), (float)Number(args, "fill"))),
            "image.rotate" => Widen(ImageTransforms.Rotate(
                f,
                h,
                w,
                1,
                Number(args, "angle_degrees"),
                Text(args, "mode") == "nearest" ? Interpolation.Nearest : Interpolation.Bilinear,
                (float)Number(args, "fill"))),
            "image.flip" => Widen(Text(args, "axis") == "width"
                ? ImageTransforms.FlipHorizontal<float>(f, h, w, 1)
                : ImageTransforms.FlipVertical<float>(f, h, w, 1)),
            "image.normalize" => Widen(ImageTransforms.StandardiseMinMax(
                f, Number(args, "mean"), Number(args, "std"), Pair(args, 0), Pair(args, 1))),
            "image.zoom" => Widen(NdTransforms.Zoom(f, shape, outShape, (int)Number(args, "order"))),
            "image.rot90_flip" => Rot90Flip(args, f, h, w),
            "image.gaussian_filter" => NdTransforms.GaussianFilter(
                x,
                shape,
                [.. args.GetProperty("sigma").EnumerateArray().Select(e => e.GetDouble())],
                Number(args, "truncate")),
            _ => throw new InvalidOperationException($"unknown kind {kind}"),
        };
    }

    private static double[] Rot90Flip(JsonElement args, float[] x, int h, int w)
    {
        int turns = (int)Number(args, "quarter_turns");
        float[] turned = ImageTransforms.Rotate90<float>(x, h, w, 1, turns);
        (h, w) = turns % 2 == 0 ? (h, w) : (w, h);
        return Widen(Number(args, "flip_axis") == 0
            ? ImageTransforms.FlipVertical<float>(turned, h, w, 1)
            : ImageTransforms.FlipHorizontal<float>(turned, h, w, 1));
    }

    /// <summary>|a - b| at most abs + rel |b|, but for the pixels that the case lets go either way.</summary>
    private static string? Compare(JsonElement tolerance, double[] expected, double[] actual)
    {
        if (expected.Length != actual.Length)
        {
            return $"{actual.Length} values instead of {expected.Length}";
        }

        double abs = tolerance.TryGetProperty("abs", out JsonElement a) ? a.GetDouble() : 0;
        double rel = tolerance.TryGetProperty("rel", out JsonElement r) ? r.GetDouble() : 0;
        int free = tolerance.TryGetProperty("max_mismatched_pixels", out JsonElement m) ? m.GetInt32() : 0;
        int mismatches = 0;
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(expected[i] - actual[i]);
            worst = Math.Max(worst, difference);
            mismatches += difference <= abs + (rel * Math.Abs(expected[i])) ? 0 : 1;
        }

        return mismatches <= free ? null : $"{mismatches} of {expected.Length} differ, at most by {worst}";
    }

    private static double[] Widen(float[] values) => Array.ConvertAll(values, v => (double)v);

    private static double Number(JsonElement args, string name) => args.GetProperty(name).GetDouble();

    private static string Text(JsonElement args, string name) => args.GetProperty(name).GetString()!;

    private static double Pair(JsonElement args, int i) => args.GetProperty("then_min_max_to")[i].GetDouble();
}
