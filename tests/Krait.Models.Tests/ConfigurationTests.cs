using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Training.Execution;

namespace Krait.Models.Tests;

public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("vmunet", """{"depths":[2,2,2]}""", "depths")]
    [InlineData("vmunet", """{"depths":[2,2,0,2]}""", "depths")]
    [InlineData("vmunet", """{"depthsDecoder":[1,1,1,1,1]}""", "depthsDecoder")]
    [InlineData("vmunet", """{"width":6}""", "width")]
    [InlineData("vmunet", """{"states":0}""", "states")]
    [InlineData("vmunet", """{"classes":0}""", "classes")]
    [InlineData("vmunet", """{"inputChannels":0}""", "inputChannels")]
    [InlineData("vmunet", """{"dropPathRate":1}""", "dropPathRate")]
    [InlineData("vmunet", """{"widht":96}""", "widht")]
    [InlineData("vmunet", """{"width":100000000}""", "width is at most")]
    [InlineData("swin-umamba-d", """{"width":8192}""", "width is at most 4096")]
    [InlineData("lightm-unet", """{"width":16384}""", "width is at most 8192")]
    [InlineData("vmunet", """{"states":2048}""", "states is at most 1024")]
    [InlineData("vmunet", """{"depths":[100000,2,2,2]}""", "depths are four numbers")]
    [InlineData("vmunet", """{"states":1000000}""", "states is at most")]
    [InlineData("vmunet", """{"classes":2000000000}""", "classes is at most")]
    [InlineData("vmunet", """{"inputChannels":2000000000}""", "inputChannels is at most")]
    [InlineData("vmunetv2", """{"midChannels":1000000000}""", "midChannels is at most")]
    [InlineData("vmunetv2", """{"width":8}""", "width")]
    [InlineData("vmunetv2", """{"midChannels":0}""", "midChannels")]
    [InlineData("vmunetv2", """{"depths":[1]}""", "depths")]
    [InlineData("vmunetv2", """{"deepSupervision":"yes"}""", "deepSupervision")]
    [InlineData("vmunetv2", """{"scan":"fast"}""", "scan is one of selective, none")]
    [InlineData("vmunet", """{"scan":1}""", "scan is one of selective, none")]
    [InlineData("swin-umamba", """{"depths":[2,2,9]}""", "depths are four numbers")]
    [InlineData("swin-umamba", """{"width":0}""", "width is at least 1")]
    [InlineData("swin-umamba", """{"stemWidth":0}""", "stemWidth")]
    [InlineData("swin-umamba", """{"stemWidth":100000000}""", "stemWidth is at most")]
    [InlineData("swin-umamba", """{"states":0}""", "states")]
    [InlineData("swin-umamba", """{"dropPathRate":-0.1}""", "dropPathRate")]
    [InlineData("swin-umamba", """{"featSize":[48]}""", "featSize")]
    [InlineData("swin-umamba", """{"depths":4}""", "depths")]
    [InlineData("swin-umamba-d", """{"depths":[2,2,9,-1]}""", "depths are four numbers")]
    [InlineData("swin-umamba-d", """{"width":-96}""", "width is at least 1")]
    [InlineData("swin-umamba-d", """{"classes":0}""", "classes")]
    [InlineData("swin-umamba-d", """{"dropPathRate":1}""", "dropPathRate")]
    [InlineData("swin-umamba-d", """{"stemWidth":48}""", "stemWidth")]
    [InlineData("lightm-unet", """{"dims":1}""", "dims is 2 or 3")]
    [InlineData("lightm-unet", """{"width":20}""", "width is a multiple of groups, 8")]
    [InlineData("lightm-unet", """{"width":0}""", "width")]
    [InlineData("lightm-unet", """{"width":800000000}""", "width is at most")]
    [InlineData("lightm-unet", """{"states":1000000}""", "states is at most")]
    [InlineData("lightm-unet", """{"depths":[1,1000000,2,4]}""", "depths")]
    [InlineData("lightm-unet", """{"depthsDecoder":[1,1,1000000]}""", "depthsDecoder")]
    [InlineData("lightm-unet", """{"groups":0}""", "groups is at least 1")]
    [InlineData("lightm-unet", """{"depths":[1]}""", "depths")]
    [InlineData("lightm-unet", """{"depths":[1,0,2,4]}""", "depths")]
    [InlineData("lightm-unet", """{"depthsDecoder":[1,1]}""", "depthsDecoder are 3 numbers")]
    [InlineData("lightm-unet", """{"mixer":"transformer"}""", "mixer is one of mamba, vss, convolution, attention")]
    [InlineData("lightm-unet", """{"mixer":"vss","dims":3}""", "mixer vss needs dims 2")]
    [InlineData("lightm-unet", """{"mixer":"attention","scan":"none"}""", "scan is for the mixers mamba and vss")]
    [InlineData("lightm-unet", """{"states":0}""", "states")]
    [InlineData("lightm-unet", """{"dropPathRate":0.2}""", "dropPathRate")]
    [InlineData("lightm-unet", """{"residual":1}""", "residual")]
    public void An_ill_option_says_the_rule_and_what_came(string id, string options, string named)
    {
        var e = Assert.Throws<ArgumentException>(() => ModelRegistry.Create(id, JsonNode.Parse(options)!.AsObject()));
        Assert.Contains(id, e.Message);
        Assert.Contains(named, e.Message);
    }

    [Fact]
    public void Options_given_as_text_become_json()
    {
        JsonObject json = ModelOptions.FromText(new Dictionary<string, string>
        {
            ["mid_channels"] = "8",
            ["depths"] = "[1, 2]",
            ["deepSupervision"] = "false",
            ["name"] = "x y",
        });
        Assert.Equal("""{"midChannels":8,"depths":[1,2],"deepSupervision":false,"name":"x y"}""", json.ToJsonString());
    }

    /// <summary>Published: from 1 to 1 channel for any number of classes, which then refuse deep supervision.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(5, false)]
    public void The_last_deconvolution_of_VmUnetV2_has_its_published_shape(int classes, bool deepSupervision)
    {
        using SegmentationModel model = ModelRegistry.Create("vmunetv2", new JsonObject
        {
            ["classes"] = classes,
            ["depths"] = new JsonArray(1, 1, 1, 1),
            ["width"] = 16,
            ["midChannels"] = 8,
            ["deepSupervision"] = deepSupervision,
        });
        Assert.Equal("[1, 1, 3, 3]", model.Store.Find("deconv6.weight")!.CheckpointShape.ToString());
    }

    [Fact]
    public void An_unknown_model_names_the_known_ones()
    {
        var e = Assert.Throws<ArgumentException>(() => ModelRegistry.Create("vm-net"));
        Assert.Contains("vmunet, vmunetv2", e.Message);
    }

    [Theory]
    [InlineData("vmunet", "{}")]
    [InlineData("vmunetv2", "{}")]
    [InlineData("swin-umamba", "{}")]
    [InlineData("swin-umamba-d", "{}")]
    [InlineData("lightm-unet", "{}")]
    [InlineData("lightm-unet", """{"dims":3}""")]
    public void An_input_that_does_not_fit_is_refused_with_the_rule(string id, string options)
    {
        using SegmentationModel model = NarrowModels.Create(id, more: options);
        var program = new Program(false);
        Shape[] shapes = model.Dims == 3 ? [new(1, 32, 32, 3), new(1, 8, 8, 8, 4)]
            : [new(1, 32, 32, 4), new(1, 32, 32, 32, 3), new(32, 32, 3)];
        foreach (Shape shape in shapes)
            Assert.Contains($"{id}: the input ",
                Assert.Throws<ShapeException>(() => model.Forward(program.Input($"{shape}", shape))).Message);
    }

    /// <summary>Model, further options, batch and size, channels of the picture, classes.</summary>
    public static TheoryData<string, string, int[], int, int> Sizes()
    {
        var data = new TheoryData<string, string, int[], int, int>();
        foreach (string id in new[] { "vmunet", "vmunetv2", "swin-umamba", "swin-umamba-d", "lightm-unet" })
        {
            data.Add(id, "{}", [1, 32, 32], 3, 1);
            data.Add(id, "{}", [3, 32, 64], 1, 3);
            data.Add(id, "{}", [1, 96, 32], 3, 4);
            data.Add(id, "{}", [1, 1, 1], 3, 2);
            data.Add(id, "{}", [1, 33, 47], 3, 2);
            data.Add(id, "{}", [3, 5, 70], 3, 1);
        }
        foreach (string id in new[] { "swin-umamba", "swin-umamba-d" })
        {
            data.Add(id, """{"deepSupervision":false}""", [1, 64, 32], 3, 2);
            data.Add(id, """{"inputChannels":5}""", [3, 31, 32], 5, 2);
        }
        foreach (string mixer in new[] { "mamba", "convolution", "attention" })
        {
            string options = $$"""{"dims":3,"mixer":"{{mixer}}"}""";
            data.Add("lightm-unet", options, [1, 8, 8, 16], 3, 2);
            data.Add("lightm-unet", options, [3, 5, 9, 12], 1, 3);
            data.Add("lightm-unet", options, [1, 1, 1, 1], 3, 1);
        }
        data.Add("lightm-unet", """{"mixer":"vss"}""", [3, 17, 30], 3, 2);
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Logits_have_the_input_size_and_the_classes(string id, string options, int[] size, int channels,
        int classes)
    {
        using SegmentationModel model = NarrowModels.Create(id, classes, options);
        using Device device = CpuDevice.Create(1);
        using var session = new InferenceSession(model, device);
        var shape = new Shape([.. size, channels]);
        var program = new Program(isTraining: false);
        Assert.Equal(shape.WithWidth(classes), model.Forward(program.Input("image", shape)).Shape);
        float[] logits = session.Logits([.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i))], shape);
        Assert.Equal(shape.Count / channels * classes, logits.Length);
        Assert.All(logits, x => Assert.True(float.IsFinite(x)));
        Assert.True(logits.Max() > logits.Min() || logits.Length == 1);
    }

    [Theory]
    [InlineData("swin-umamba", new[] { 1, 2, 4, 8 })]
    [InlineData("swin-umamba-d", new[] { 1, 4, 8, 16 })]
    public void Deep_supervision_gives_coarser_logits_too_where_nothing_is_padded(string id, int[] scales)
    {
        using SegmentationModel model = NarrowModels.Create(id, classes: 3);
        using SegmentationModel plain = NarrowModels.Create(id, 3, """{"deepSupervision":false}""");
        var program = new Program(isTraining: true);
        Value image = program.Input("image", new Shape(2, 64, 32, 3));
        Assert.Equal(scales.Select(s => new Shape(2, 64 / s, 32 / s, 3)), model.Outputs(image).Select(o => o.Shape));
        Assert.Single(plain.Outputs(image));
        Assert.Single(model.Outputs(program.Input("odd", new Shape(2, 63, 32, 3))));
        Assert.Equal(model.Store.Parameters.Select(p => $"{p}"), plain.Store.Parameters.Select(p => $"{p}"));
    }
}
