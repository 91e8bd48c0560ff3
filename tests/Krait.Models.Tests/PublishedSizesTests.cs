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
        {
            float[] values = model.Store.Save(model.Store.Find(tensor.Name)!);
            double mean = values.Average();
            double std = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            double[] published = tensor.Statistics;
            double n = values.Length;
            // Both sides are samples: five standard errors of a mean and of a spread, and one unit of the printed digits.
            double spread = Math.Max(published[1], std);
            double meanError = (5 * spread * Math.Sqrt(2 / n)) + (1e-4 * Math.Abs(published[0])) + 1e-7;
            double stdError = (5 * spread * Math.Sqrt(1 / n)) + (1e-4 * published[1]) + 1e-7;
            Assert.True(Math.Abs(mean - published[0]) <= meanError, $"{tensor.Name}: mean {mean}, {published[0]}");
            if (n > 1)
                Assert.True(Math.Abs(std - published[1]) <= stdError, $"{tensor.Name}: std {std}, {published[1]}");
            double bound = Math.Max(Math.Abs(published[2]), Math.Abs(published[3]));
            Assert.True(values.Max(MathF.Abs) <= (1.6 * bound) + 1e-6, $"{tensor.Name}: beyond {bound}");
        }
    }
}
