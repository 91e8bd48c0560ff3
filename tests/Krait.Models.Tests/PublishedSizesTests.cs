using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Models.Tests;

public sealed class PublishedSizesTests
{
    /// <summary>The published name of a configuration; model and options that give it here.</summary>
    public static TheoryData<string, string, string> Published => new()
    {
        { "VMUNet_2222_2221_c1", "vmunet", "{}" },
        { "VMUNet_2292_2922_c1", "vmunet", """{"depths":[2,2,9,2],"depthsDecoder":[2,9,2,2]}""" },
        { "VMUNet_2222_2221_c9", "vmunet", """{"classes":9}""" },
        { "VMUNetV2_2292_ds", "vmunetv2", "{}" },
        { "VMUNetV2_2222_ds", "vmunetv2", """{"depths":[2,2,2,2]}""" },
        { "SwinUMamba_in1_out14", "swin-umamba", """{"inputChannels":1,"classes":14}""" },
        { "SwinUMamba_in3_out8", "swin-umamba", """{"classes":8}""" },
        { "SwinUMamba_in3_out3", "swin-umamba", """{"classes":3}""" },
        { "SwinUMambaD_in1_out14", "swin-umamba-d", """{"inputChannels":1,"classes":14}""" },
        { "SwinUMambaD_in3_out8", "swin-umamba-d", """{"classes":8}""" },
        { "SwinUMambaD_in3_out3", "swin-umamba-d", """{"classes":3}""" },
        { "LightMUNet2d_f32_in1_out2", "lightm-unet", """{"inputChannels":1,"classes":2}""" },
        { "LightMUNet2d_f32_in3_out2", "lightm-unet", """{"classes":2}""" },
        { "LightMUNet2d_f8_default", "lightm-unet", """{"inputChannels":1,"classes":2,"width":8}""" },
        { "LightMUNet3d_f32_in1_out3", "lightm-unet", """{"dims":3,"inputChannels":1,"classes":3}""" },
        { "LightMUNet3d_f8_default", "lightm-unet", """{"dims":3,"inputChannels":1,"classes":2,"width":8}""" },
        { "nnUNet_PlainConvUNet2d", "nnunet", """{"inputChannels":1,"classes":14}""" },
        { "nnUNet_PlainConvUNet3d", "nnunet", """{"dims":3,"inputChannels":1,"classes":14}""" },
        { "UMambaBot2d", "umamba-bot", """{"inputChannels":1,"classes":14}""" },
        { "UMambaBot3d", "umamba-bot", """{"dims":3,"inputChannels":1,"classes":14}""" },
        { "UMambaEnc2d", "umamba-enc", """{"inputChannels":1,"classes":14,"patchSize":[320,320]}""" },
        { "UMambaEnc3d", "umamba-enc", """{"dims":3,"inputChannels":1,"classes":14,"patchSize":[40,224,192]}""" },
    };

    static SegmentationModel Build(string id, string options) =>
        ModelRegistry.Find(id).Build(JsonNode.Parse(options)!.AsObject());

    [Theory]
    [MemberData(nameof(Published))]
    public void Names_and_shapes_are_the_published_ones_in_their_order(string fact, string id, string options)
    {
        using SegmentationModel model = Build(id, options);
        IReadOnlyDictionary<string, string> repeats = model.Repeats();
        ILookup<bool, PublishedTensor> byRepeat = PublishedFacts.Keys(fact)
            .ToLookup(t => repeats.ContainsKey(t.Name));
        Assert.Equal(byRepeat[false].Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}]"),
            model.Store.Parameters.Select(p => p.ToString()));
        Assert.Equal(byRepeat[true].Select(t => t.Name).Order(StringComparer.Ordinal),
            repeats.Keys.Order(StringComparer.Ordinal));
        Assert.All(byRepeat[true], t => Assert.Equal(t.Shape, model.Store.Find(repeats[t.Name])!.CheckpointShape.Dims));
        Assert.Equal((long)PublishedFacts.Facts(fact)["parameters"]!, model.Store.WeightCount);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Multiply_adds_equal_the_published_count(string fact, string id, string options)
    {
        foreach ((string input, JsonNode? macs) in PublishedFacts.Facts(fact)["macs"]!.AsObject())
        {
            int[] n = [.. input.Split('x').Select(int.Parse)]; // batch x channels x spatial
            using SegmentationModel model = Build(id, options);
            var program = new Program(isTraining: false);
            model.Forward(program.Input("image", new Shape([n[0], .. n[2..], n[1]])));
            long Of(CostKind kind) => program.Ops.Where(o => o.Cost.Kind == kind).Sum(o => o.Cost.Macs);
            long Part(string part) => (long?)macs!["parts"]![part] ?? 0;
            Assert.Equal(Part("linear"), Of(CostKind.Linear));
            Assert.Equal(Part("conv") + Part("conv_transpose"), Of(CostKind.Conv));
            long stepSizes = program.Ops.OfType<SelectiveScan>().Sum(o => o.Cost.ProductMacs);
            Assert.Equal(Part("functional_matmul"), Of(CostKind.Matmul) + stepSizes);
            Assert.Equal((long)macs!["total_with_scan_formula"]!, program.Ops.Sum(o => o.Cost.Macs));
        }
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Stochastic_depth_rates_are_the_published_ones(string fact, string id, string options)
    {
        using SegmentationModel model = Build(id, options);
        JsonObject published = PublishedFacts.Facts(fact)["drop_path_rates"]?.AsObject() ?? [];
        Assert.Equal(published.Count, model.DropPathRates.Count);
        foreach ((string path, JsonNode? rate) in published)
            Assert.Equal((float)rate!, model.DropPathRates[path], 1e-6f);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void A_fresh_model_has_the_published_statistics(string fact, string id, string options)
    {
        using SegmentationModel model = ModelRegistry.Create(id, JsonNode.Parse(options)!.AsObject(), seed: 7);
        foreach (PublishedTensor tensor in PublishedFacts.Keys(fact).Where(t => t.Statistics.Length == 4))
            if (model.Store.Find(tensor.Name) is { } parameter)
                Compare(tensor, model.Store.Save(parameter));
    }

    /// <summary>Both sides are samples: five standard errors each, and one unit of the printed digits.</summary>
    static void Compare(PublishedTensor tensor, float[] values)
    {
        double n = values.Length;
        (double publishedMean, double publishedStd) = (tensor.Statistics[0], tensor.Statistics[1]);
        if (publishedStd == 0 && publishedMean is 0 or 1)
        {
            Assert.All(values, v => Assert.Equal(publishedMean, v, 1e-6));
            return;
        }
        double largest = Math.Max(Math.Abs(tensor.Statistics[2]), Math.Abs(tensor.Statistics[3]));
        // One draw in millions ends at the cut of the published normal: torch's, not ours.
        if (largest == 2 && publishedStd < 0.1)
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
