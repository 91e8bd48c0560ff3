using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Programs;

namespace Krait.Models.Tests;

public sealed class PublishedSizesTests
{
    public static TheoryData<string, string, string, int, int> Published => new()
    {
        { "VMUNet_2222_2221_c1", "vmunet", "{}", 3, 256 },
        { "VMUNet_2292_2922_c1", "vmunet", """{"depths":[2,2,9,2],"depthsDecoder":[2,9,2,2]}""", 3, 256 },
        { "VMUNet_2222_2221_c9", "vmunet", """{"classes":9}""", 3, 224 },
        { "VMUNetV2_2292_ds", "vmunetv2", "{}", 3, 256 },
        { "VMUNetV2_2222_ds", "vmunetv2", """{"depths":[2,2,2,2]}""", 3, 256 },
    };

    static SegmentationModel Build(string id, string options) =>
        ModelRegistry.Find(id).Build(JsonNode.Parse(options)!.AsObject());

    [Theory]
    [MemberData(nameof(Published))]
    public void Names_and_shapes_are_the_published_ones_in_their_order(string fact, string id, string options, int channels,
        int size)
    {
        _ = (channels, size);
        using SegmentationModel model = Build(id, options);
        var expected = PublishedFacts.Keys(fact).Where(t => t.Shape.Length > 0)
            .Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}]");
        Assert.Equal(expected, model.Store.Parameters.Select(p => p.ToString()));
        Assert.Equal((long)PublishedFacts.Facts(fact)["parameters"]!, model.Store.WeightCount);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Multiply_adds_equal_the_published_count(string fact, string id, string options, int channels, int size)
    {
        using SegmentationModel model = Build(id, options);
        var program = new Program(isTraining: false);
        model.Forward(program.Input("image", new Shape(1, size, size, channels)));
        JsonNode macs = PublishedFacts.Facts(fact)["macs"]![$"1x{channels}x{size}x{size}"]!;
        long Of(CostKind kind) => program.Ops.Where(o => o.Cost.Kind == kind).Sum(o => o.Cost.Macs);
        long Part(string part) => (long?)macs["parts"]![part] ?? 0;
        Assert.Equal(Part("linear"), Of(CostKind.Linear));
        Assert.Equal(Part("conv") + Part("conv_transpose"), Of(CostKind.Conv));
        Assert.Equal((long)macs["total_with_scan_formula"]!, program.Ops.Sum(o => o.Cost.Macs));
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Stochastic_depth_rates_are_the_published_ones(string fact, string id, string options, int channels, int size)
    {
        _ = (channels, size);
        using SegmentationModel model = Build(id, options);
        JsonObject published = PublishedFacts.Facts(fact)["drop_path_rates"]!.AsObject();
        Assert.Equal(published.Count, model.DropPathRates.Count);
        foreach ((string path, JsonNode? rate) in published)
            Assert.Equal((float)rate!, model.DropPathRates[path], 1e-6f);
    }

    [Theory]
    [InlineData("VMUNet_2222_2221_c1", "vmunet")]
    [InlineData("VMUNetV2_2292_ds", "vmunetv2")]
    public void A_fresh_model_has_the_published_statistics(string fact, string id)
    {
        using SegmentationModel model = ModelRegistry.Create(id, seed: 7);
        foreach (PublishedTensor tensor in PublishedFacts.Keys(fact).Where(t => t.Statistics.Length == 4))
            Compare(tensor, model.Store.Save(model.Store.Find(tensor.Name)!));
    }

    /// <summary>Both sides are samples: five standard errors each, and one unit of the printed digits.</summary>
    static void Compare(PublishedTensor tensor, float[] values)
    {
        double n = values.Length;
        (double publishedMean, double publishedStd) = (tensor.Statistics[0], tensor.Statistics[1]);
        double largest = Math.Max(Math.Abs(tensor.Statistics[2]), Math.Abs(tensor.Statistics[3]));
        if (largest == 2 && publishedStd < 0.1) // One draw in millions ends at the cut of the published normal: torch's, not ours.
        {
            publishedStd = Math.Sqrt((publishedStd * publishedStd) - (4 / n));
            largest = 0.12;
        }
        double mean = values.Average(v => (double)v);
        double std = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        Assert.True(values.Max(MathF.Abs) <= (1.6 * largest) + 1e-6 || n < 8, $"{tensor.Name}: beyond {largest}");
        if (n < 8)
            return;
        double spread = Math.Max(publishedStd, std);
        double meanError = (5 * spread * Math.Sqrt(2 / n)) + (1e-4 * Math.Abs(publishedMean)) + 1e-7;
        double stdError = (5 * spread * Math.Sqrt(1 / n)) + (1e-4 * publishedStd) + 1e-7;
        Assert.True(Math.Abs(mean - publishedMean) <= meanError, $"{tensor.Name}: mean {mean}, {publishedMean}");
        Assert.True(Math.Abs(std - publishedStd) <= stdError, $"{tensor.Name}: std {std}, {publishedStd}");
    }
}
