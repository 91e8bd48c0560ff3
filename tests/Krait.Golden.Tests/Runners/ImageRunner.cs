using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Imaging.Transforms;
using Krait.Weights;

namespace Krait.Golden.Tests.Runners;

/// <summary>Resizing, rotation, flips, normalisation, spline zoom and smoothing of pictures.</summary>
internal static class ImageRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
            Check(context, item);
    }

    static void Check(RunContext context, JsonElement item)
    {
        GoldenCase test = context.Case;
        string input = item.Part("inputs").Text("x"), output = item.Part("outputs").Text("y");
        HostTensor expected = test.Io[output];
        int[] outDims = [.. expected.Shape.Select(d => (int)d)];
        double[] got = item.Text("kind") switch
        {
            "image.zoom" => Widen(NdTransforms.Zoom(test.Tensor(input).Data, test.Tensor(input).Dims, outDims,
                item.Part("args").Whole("order"))),
            "image.gaussian_filter" => NdTransforms.GaussianFilter(HostArray.ReadDoubles(test.Io[input]),
                test.Tensor(input).Dims, item.Part("args").Reals("sigma"), item.Part("args").Real("truncate")),
            "image.normalize" => Widen(Normalize(test.Tensor(input).Data, item.Part("args"))),
            _ => Widen(Planes(test, input, outDims, item)),
        };
        JsonElement tolerance = item.Part("tolerance");
        int free = tolerance.Has("max_mismatched_pixels") ? tolerance.Whole("max_mismatched_pixels") : 0;
        context.Comparison.Pixels($"{item.Text("name")} ({item.Text("kind")})", got, HostArray.ReadDoubles(expected),
            tolerance.Real("abs", 0), tolerance.Real("rel", 0), free);
    }

    /// <summary>A picture [C, H, W] plane by plane, or one [H, W].</summary>
    static float[] Planes(GoldenCase test, string input, int[] outDims, JsonElement item)
    {
        HostArray x = test.Tensor(input);
        (int height, int width) = (x.Dims[^2], x.Dims[^1]);
        var result = new List<float>();
        for (int at = 0; at < x.Data.Length; at += height * width)
            result.AddRange(Transform(item.Text("kind"), item.Part("args"), x.Data.AsSpan(at, height * width), height,
                width, outDims));
        return [.. result];
    }

    static float[] Transform(string kind, JsonElement args, ReadOnlySpan<float> x, int height, int width, int[] outDims)
    {
        switch (kind)
        {
            case "image.resize" when args.Text("mode") == "nearest":
                return ImageTransforms.ResizeNearest(x, height, width, 1, outDims[^2], outDims[^1]);
            case "image.resize":
                return ImageTransforms.ResizeBilinear(x, height, width, 1, outDims[^2], outDims[^1],
                    args.Flag("antialias"));
            case "image.rotate" when args.Has("convention"):
                return NdTransforms.RotateNearest(x, height, width, args.Real("angle_degrees"),
                    (float)args.Real("fill"));
            case "image.rotate":
                Interpolation mode = args.Text("mode") == "nearest" ? Interpolation.Nearest : Interpolation.Bilinear;
                return ImageTransforms.Rotate(x, height, width, 1, args.Real("angle_degrees"), mode,
                    (float)args.Real("fill"));
            case "image.flip":
                return Flip(x, height, width, args.Text("axis") == "width");
            case "image.rot90_flip":
                int turns = args.Whole("quarter_turns");
                float[] turned = ImageTransforms.Rotate90(x, height, width, 1, turns);
                return turns % 2 == 0
                    ? Flip(turned, height, width, args.Whole("flip_axis") == 1)
                    : Flip(turned, width, height, args.Whole("flip_axis") == 1);
            default:
                throw new InvalidOperationException($"image kind '{kind}' is unknown.");
        }
    }

    /// <summary>Over the whole picture, whatever its order of axes.</summary>
    static float[] Normalize(float[] x, JsonElement args)
    {
        double[] range = args.Reals("then_min_max_to");
        return ImageTransforms.StandardiseMinMax(x, args.Real("mean"), args.Real("std"), range[0], range[1]);
    }

    static float[] Flip(ReadOnlySpan<float> x, int height, int width, bool horizontally) => horizontally
        ? ImageTransforms.FlipHorizontal(x, height, width, 1)
        : ImageTransforms.FlipVertical(x, height, width, 1);

    static double[] Widen(float[] values) => Array.ConvertAll(values, v => (double)v);
}
