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
    [InlineData("vmunetv2", """{"width":8}""", "width")]
    [InlineData("vmunetv2", """{"midChannels":0}""", "midChannels")]
    [InlineData("vmunetv2", """{"depths":[1]}""", "depths")]
    [InlineData("vmunetv2", """{"deepSupervision":"yes"}""", "deepSupervision")]
    public void An_ill_option_says_the_rule_and_what_came(string id, string options, string named)
    {
        var e = Assert.Throws<ArgumentException>(() => ModelRegistry.Create(id, JsonNode.Parse(options)!.AsObject()));
        Assert.Contains(id, e.Message);
        Assert.Contains(named, e.Message);
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

    [Fact]
    public void An_input_that_does_not_fit_is_refused_with_the_rule()
    {
        using SegmentationModel model = Narrow("vmunet", 1);
        var program = new Program(false);
        foreach (Shape shape in new[] { new Shape(1, 32, 32, 4), new Shape(1, 32, 32, 32, 3), new Shape(32, 32, 3) })
            Assert.Contains("vmunet: ",
                Assert.Throws<ShapeException>(() => model.Forward(program.Input($"{shape}", shape))).Message);
    }

    public static TheoryData<string, int, int, int, int, int> Sizes()
    {
        var data = new TheoryData<string, int, int, int, int, int>();
        foreach (string id in new[] { "vmunet", "vmunetv2" })
        {
            data.Add(id, 1, 32, 32, 3, 1);
            data.Add(id, 3, 32, 64, 1, 3);
            data.Add(id, 1, 96, 32, 3, 4);
            data.Add(id, 1, 1, 1, 3, 2);
            data.Add(id, 1, 33, 47, 3, 2);
            data.Add(id, 3, 5, 70, 3, 1);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Logits_have_the_input_size_and_the_classes(string id, int batch, int height, int width, int channels,
        int classes)
    {
        using SegmentationModel model = Narrow(id, classes);
        using Device device = CpuDevice.Create(1);
        using var session = new InferenceSession(model, device);
        var image = new float[batch * height * width * channels];
        for (int i = 0; i < image.Length; i++)
            image[i] = MathF.Sin(i);
        float[] logits = session.Logits(image, new Shape(batch, height, width, channels));
        Assert.Equal(batch * height * width * classes, logits.Length);
        Assert.All(logits, x => Assert.True(float.IsFinite(x)));
        Assert.True(logits.Max() > logits.Min());
    }

    static SegmentationModel Narrow(string id, int classes)
    {
        var options = new JsonObject { ["depths"] = new JsonArray(1, 1, 1, 1), ["width"] = 16, ["classes"] = classes };
        if (id == "vmunet")
            options["depthsDecoder"] = new JsonArray(1, 1, 1, 1);
        return ModelRegistry.Create(id, options, seed: 1);
    }
}
