using System.Text.Json;
using Krait.Golden.Tests.Harness;
using Krait.Training;

namespace Krait.Golden.Tests.Runners;

/// <summary>Places of windows, their Gaussian weights, and a blended result.</summary>
internal static class SlidingWindowRunner
{
    public static void Run(RunContext context)
    {
        foreach (JsonElement item in context.Case.Items)
            switch (item.Text("kind"))
            {
                case "image.gaussian_importance": Importance(context, item); break;
                case "image.sliding_window_steps": Steps(context, item); break;
                case "image.sliding_window_blend": Blend(context, item); break;
                case var kind: throw new InvalidOperationException($"sliding window kind '{kind}' is unknown.");
            }
    }

    static void Importance(RunContext context, JsonElement item)
    {
        JsonElement args = item.Part("args");
        float[] got = SlidingWindow.Importance(args.Wholes("tile"), args.Real("sigma_scale"),
            args.Real("value_scaling_factor"), asHalf: args.Text("dtype") == "float16");
        Compare(context, item, "weight", got);
    }

    static void Steps(RunContext context, JsonElement item)
    {
        JsonElement args = item.Part("args");
        int[][] expected = [.. item.Part("expected").Part("steps").EnumerateArray()
            .Select(axis => axis.EnumerateArray().Select(x => x.GetInt32()).ToArray())];
        int[] image = args.Wholes("image"), tile = args.Wholes("tile");
        context.Comparison.Require(image.Length == expected.Length, $"{item.Text("name")}: one list an axis");
        for (int axis = 0; axis < image.Length; axis++)
        {
            int[] got = SlidingWindow.Starts(image[axis], tile[axis], args.Real("step"));
            context.Comparison.Require(got.SequenceEqual(expected[axis]), $"{item.Text("name")}, axis {axis}: got "
                + $"[{string.Join(", ", got)}], expected [{string.Join(", ", expected[axis])}]");
        }
    }

    static void Blend(RunContext context, JsonElement item)
    {
        JsonElement args = item.Part("args");
        int[] image = args.Wholes("image"), size = image[1..];
        var windows = new SlidingWindow(size, args.Wholes("tile"), args.Real("step"), args.Real("sigma_scale"));
        string[] tiles = item.Part("inputs").Texts("tiles");
        context.Comparison.Require(windows.Windows.Count == tiles.Length,
            $"{item.Text("name")}: got {windows.Windows.Count} windows, expected {tiles.Length}");
        int channels = image[0], positions = size.Aggregate(1, (a, b) => a * b);
        var sum = new float[positions * channels];
        var weight = new float[positions];
        foreach ((string name, (int, int, int) at) in tiles.Zip(windows.Windows))
            windows.Add(ChannelsLast(context.Case.Tensor(name)), channels, at, sum, weight);
        Compare(context, item, "weight_sum", weight);
        SlidingWindow.Divide(sum, weight);
        HostArray expected = context.Case.Tensor(item.Part("outputs").Text("y"));
        Compare(context, item, "y", new HostArray([.. size, channels], sum)
            .Permute([size.Length, .. Enumerable.Range(0, size.Length)]).Data, expected);
    }

    /// <summary>[C, spatial axes] as [spatial axes, C].</summary>
    static float[] ChannelsLast(HostArray x) => x.Permute([.. Enumerable.Range(1, x.Dims.Length - 1), 0]).Data;

    static void Compare(RunContext context, JsonElement item, string role, float[] got, HostArray? expected = null)
    {
        string name = item.Part("outputs").Text(role);
        JsonElement tolerance = item.Part("tolerance");
        context.Comparison.Close($"{item.Text("name")} {role}", got, expected ?? context.Case.Tensor(name),
            tolerance.Real("abs", 0), tolerance.Real("rel", 0));
    }
}
