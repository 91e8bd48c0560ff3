using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Nn;
using Krait.Nn.Mamba;
using Krait.Training.Execution;

namespace Krait.Models.Tests;

/// <summary>nnU-Net, U-Mamba, U-Net and U-Net v2: what must be refused, and what sizes must work.</summary>
public sealed class BaselineTests
{
    const string Small2d = """ "features":[4,6,8],"strides":[[1,1],[2,2],[2,2]] """;
    const StringComparison Ordinal = StringComparison.Ordinal;
    const string Small3d = """ "dims":3,"features":[4,6],"strides":[[1,1,1],[1,2,2]],"kernels":[[1,3,3],[3,3,3]] """;

    [Theory]
    [InlineData("nnunet", """{"dims":4}""", "dims")]
    [InlineData("nnunet", """{"dims":1}""", "dims")]
    [InlineData("nnunet", """{"classes":0}""", "classes")]
    [InlineData("nnunet", """{"inputChannels":-1}""", "inputChannels")]
    [InlineData("nnunet", """{"features":[32]}""", "features")]
    [InlineData("nnunet", """{"features":[8,0,8]}""", "features")]
    [InlineData("nnunet", """{"features":[8,2000000000]}""", "features")]
    [InlineData("nnunet", """{"features":[1,1,1,1,1,1,1,1,1,1,1,1,1]}""", "features")]
    [InlineData("nnunet", """{"features":null}""", "features")]
    [InlineData("nnunet", """{"features":"wide"}""", "features")]
    [InlineData("nnunet", """{"features":[4,4,4],"strides":[[1,1],[2,2]]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"strides":[[1,1],[2,2,2]]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"strides":[[1,1],null]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"strides":[[1,1],[0,2]]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"strides":[[1,1],[99,2]]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"strides":[[2,2],[2,2]]}""", "first stage")]
    [InlineData("nnunet", """{"features":[4,4],"kernels":[[3,3],[2,3]]}""", "kernels")]
    [InlineData("nnunet", """{"features":[4,4],"kernels":[[3,3],[3,17]]}""", "kernels")]
    [InlineData("nnunet", """{"dims":3,"features":[4,4],"strides":[[1,1],[2,2]]}""", "strides")]
    [InlineData("nnunet", """{"features":[4,4],"convs":[2]}""", "convs")]
    [InlineData("nnunet", """{"features":[4,4],"convs":[2,0]}""", "convs")]
    [InlineData("nnunet", """{"features":[4,4],"convsDecoder":[2,2]}""", "convsDecoder")]
    [InlineData("nnunet", """{"deepSupervision":3}""", "deepSupervision")]
    [InlineData("nnunet", """{"dropPathRate":0.1}""", "dropPathRate")]
    [InlineData("nnunet-resenc", """{"features":[4,4],"blocks":[1]}""", "blocks")]
    [InlineData("nnunet-resenc", """{"features":[4,4],"blocks":[1,65]}""", "blocks")]
    [InlineData("umamba-bot", """{"features":[4,4],"blocks":[0,1]}""", "blocks")]
    [InlineData("umamba-bot", """{"features":[4,4],"blocksDecoder":[1,1,1]}""", "blocksDecoder")]
    [InlineData("umamba-bot", """{"scan":"fast"}""", "scan")]
    [InlineData("umamba-bot", """{"patchSize":[64,64]}""", "patchSize")]
    [InlineData("umamba-enc", """{"patchSize":[320]}""", "patchSize")]
    [InlineData("umamba-enc", """{"patchSize":[100,320]}""", "patchSize")]
    [InlineData("umamba-enc", """{"patchSize":[-64,64]}""", "patchSize")]
    [InlineData("umamba-enc", """{"dims":3,"patchSize":[64,64]}""", "patchSize")]
    [InlineData("unet", """{"width":0}""", "width")]
    [InlineData("unet", """{"halvings":0}""", "halvings")]
    [InlineData("unet", """{"halvings":9}""", "halvings")]
    [InlineData("unet", """{"dims":3}""", "dims")]
    [InlineData("unetv2", """{"widths":[8,16,32,64]}""", "widths")]
    [InlineData("unetv2", """{"widths":[64,128,320]}""", "widths")]
    [InlineData("unetv2", """{"widths":[64,128,320,2000000000]}""", "widths")]
    [InlineData("unetv2", """{"depths":[3,4,1000000,3]}""", "depths")]
    [InlineData("unetv2", """{"mlpRatios":[8,8,4,1000000000]}""", "mlpRatios")]
    [InlineData("unetv2", """{"heads":[1,2,3,8]}""", "heads")]
    [InlineData("unetv2", """{"depths":[3,4,0,3]}""", "depths")]
    [InlineData("unetv2", """{"mlpRatios":[8,8,4,0]}""", "mlpRatios")]
    [InlineData("unetv2", """{"reductions":[16,4,2,1]}""", "reductions")]
    [InlineData("unetv2", """{"midChannels":0}""", "midChannels")]
    [InlineData("unetv2", """{"midChannels":1000000000}""", "midChannels")]
    [InlineData("unetv2", """{"dropPathRate":1}""", "dropPathRate")]
    public void An_ill_option_says_the_rule_and_what_came(string id, string options, string named)
    {
        var e = Assert.Throws<ArgumentException>(() => ModelRegistry.Create(id, JsonNode.Parse(options)!.AsObject()));
        Assert.StartsWith(id, e.Message);
        Assert.Contains(named, e.Message);
        Assert.Contains("got", e.Message);
    }

    public static TheoryData<string, string> Models => new()
    {
        { "nnunet", $"{{{Small2d}}}" },
        { "nnunet", $"{{{Small3d}}}" },
        { "nnunet-resenc", $$"""{{{Small2d}},"blocks":[1,2,1]}""" },
        { "nnunet-resenc", $"{{{Small3d}}}" },
        { "umamba-bot", $"{{{Small2d}}}" },
        { "umamba-bot", $$"""{{{Small3d}},"scan":"none"}""" },
        { "umamba-enc", $"{{{Small2d}}}" },
        { "umamba-enc", $"{{{Small3d}}}" },
        { "umamba-enc", $$"""{{{Small2d}},"patchSize":[8,12]}""" }, // channels are tokens in the deepest stage
        { "umamba-enc", $$"""{{{Small3d}},"patchSize":[1,4,6]}""" },
        { "unet", """{"width":4,"halvings":3}""" },
        { "unetv2", """
            {"widths":[16,16,16,16],"heads":[1,2,2,4],"depths":[1,1,1,1],"mlpRatios":[2,1,1,1],"midChannels":4}
            """ },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_size_gives_logits_of_its_size(string id, string options)
    {
        bool isVolume = options.Contains("\"dims\":3", Ordinal);
        int[][] sizes = isVolume
            ? [[1, 1, 1, 1], [1, 5, 9, 7], [3, 2, 4, 6], [1, 1, 20, 3], [2, 3, 5, 4]]
            : [[1, 1, 1], [1, 5, 7], [3, 33, 20], [1, 64, 32], [2, 8, 12]];
        using Device device = CpuDevice.Create(1);
        for (int i = 0; i < sizes.Length; i++)
        {
            int classes = 1 + (i % 3), channels = 1 + (2 * (i % 2));
            using SegmentationModel model = Create(id, options, channels, classes);
            using var session = new InferenceSession(model, device);
            var shape = new Shape([.. sizes[i], channels]);
            float[] logits = session.Logits(Numbers(shape), shape);
            Assert.Equal(shape.WithWidth(classes).Count, logits.Length);
            Assert.All(logits, x => Assert.True(float.IsFinite(x)));
            Assert.True(logits.Length == 1 || logits.Max() > logits.Min());
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Deep_supervision_adds_heads_of_halved_sizes_and_padding_leaves_one(string id, string options)
    {
        using SegmentationModel model = Create(id, options, 1, 2);
        (int D, int H, int W) m = model.SizeMultiple;
        Shape whole = model.Dims == 3 ? new Shape(2, m.D, m.H, m.W, 1) : new Shape(2, m.H, m.W, 1);
        Shape cut = whole.WithSpatial(m.D, m.H, m.W + 1);
        IReadOnlyList<Value> outputs = Trace(model, whole);
        Assert.Equal(whole.WithWidth(2), outputs[0].Shape);
        for (int i = 1; i < outputs.Count; i++)
            Assert.True(outputs[i].Shape.RowsPerSample < outputs[i - 1].Shape.RowsPerSample);
        Assert.Equal(model.Options switch { StagedOptions o => o.Features.Length - 1, UnetV2Options => 4, _ => 1 },
            outputs.Count);
        Assert.Equal(cut.WithWidth(2), Assert.Single(Trace(model, cut)).Shape);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Without_deep_supervision_there_is_one_output(string id, string options)
    {
        JsonObject json = JsonNode.Parse(options)!.AsObject();
        if (id != "unet")
            json["deepSupervision"] = false;
        using SegmentationModel model = ModelRegistry.Create(id, json);
        (int D, int H, int W) m = model.SizeMultiple;
        Shape whole = model.Dims == 3 ? new Shape(2, m.D, m.H, m.W, 3) : new Shape(2, m.H, m.W, 3);
        Assert.Single(Trace(model, whole));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_at_a_padded_size_are_finite_and_the_same_with_recomputed_blocks_and_other_threads(
        string id, string options)
    {
        (float[][] kept, int learned, int all) = Gradient(id, options, 2, recompute: false);
        Assert.True(learned > all / 3);
        Assert.All(kept, p => Assert.All(p, g => Assert.True(float.IsFinite(g))));
        Assert.Contains(kept, p => p.Any(g => g != 0));
        Assert.Equal(kept, Gradient(id, options, 1, recompute: true).Gradients);
    }

    static (float[][] Gradients, int Learned, int All) Gradient(string id, string options, int threads, bool recompute)
    {
        using SegmentationModel model = Create(id, options, 1, 2);
        using Device device = CpuDevice.Create(threads);
        Shape shape = model.Dims == 3 ? new Shape(2, 3, 7, 9, 1) : new Shape(2, 17, 23, 1);
        var program = new Program(isTraining: true);
        Value image = program.Input("image", shape), seed = program.Input("seed", shape.WithWidth(2));
        Value logits = program.Keep(model.Forward(image), "logits");
        Assert.True(program.BlockCount > 0);
        Gradients.Append(program, [(logits, seed)], recompute: _ => recompute);
        using var plan = new Plan(program, device, model.Store);
        Numbers(shape).CopyTo(plan[image].AsSpan());
        Numbers(seed.Shape).CopyTo(plan[seed].AsSpan());
        plan.Run();
        IEnumerable<Parameter> learned = program.LearnedParameters.OrderBy(p => p.Offset);
        return ([.. learned.Select(model.Store.SaveGradient)], program.LearnedParameters.Count,
            model.Store.Parameters.Count);
    }

    /// <summary>A map of [2, 3] positions and 8 channels: 8 tokens of 6 features, or 6 tokens of 8.</summary>
    [Theory]
    [InlineData(6)]
    [InlineData(0)]
    public void Channels_or_positions_are_the_tokens_of_a_mamba(int positions)
    {
        int tokens = positions > 0 ? 8 : 6, features = 14 - tokens;
        float[] map = Numbers(new Shape(1, 2, 3, 8));
        float[] got = Run(new Shape(1, 2, 3, 8), map,
            p => new TokenMamba(p, width: 8, positions, ScanKind.Selective).Forward);
        float[] sequence = positions > 0 ? Turned(map, 6, 8) : map;
        float[] expected = Run(new Shape(1, tokens, features), sequence, p =>
        {
            (LayerNorm norm, Mamba1d mamba) = (new(p / "norm", features), new(p / "mamba", new(features)));
            return x => mamba.Forward(norm.Forward(x));
        });
        Assert.Equal(positions > 0 ? Turned(expected, 8, 6) : expected, got);
    }

    static float[] Turned(float[] x, int rows, int columns) =>
        [.. Enumerable.Range(0, x.Length).Select(i => x[(i % rows * columns) + (i / rows)])];

    static float[] Run(Shape shape, float[] numbers, Func<Scope, Func<Value, Value>> layer)
    {
        using var store = new ParameterStore();
        using Device device = CpuDevice.Create(1);
        var program = new Program(isTraining: false);
        Value x = program.Input("x", shape), y = program.Keep(layer(new Scope(store))(x), "y");
        store.Initialize(3);
        using var plan = new Plan(program, device, store);
        numbers.CopyTo(plan[x].AsSpan());
        plan.Run();
        return [.. plan[y].AsSpan()];
    }

    [Fact]
    public void A_fresh_residual_block_of_nnunet_passes_its_skip_on()
    {
        using SegmentationModel model = Create("nnunet-resenc", $"{{{Small2d}}}", 1, 2);
        foreach (Parameter p in model.Store.Parameters.Where(p => p.Name.EndsWith("norm.weight", Ordinal)))
            Assert.All(model.Store.Save(p), x => Assert.Equal(p.Name.Contains("conv2", Ordinal) ? 0 : 1, x));
    }

    [Fact]
    public void U_Net_v2_has_the_published_number_of_parameters()
    {
        using SegmentationModel model = ModelRegistry.Find("unetv2").Build(null);
        Assert.Equal((long)PublishedFacts.Facts("UNetV2_pvt_v2_b2_ch32")["parameters"]!, model.Store.WeightCount);
    }

    [Fact]
    public void U_Net_counts_what_its_layers_hold()
    {
        using SegmentationModel model = ModelRegistry.Find("unet").Build(null);
        int[] widths = [32, 64, 128, 256, 512];
        static long Level(long i, long o) => (9 * i * o) + (9 * o * o) + (4 * o);
        long expected = Level(3, 32) + 32 + 1
            + widths.Skip(1).Sum(w => Level(w / 2, w) + (4L * w * w / 2) + (w / 2) + Level(w, w / 2));
        Assert.Equal(expected, model.Store.WeightCount);
        Assert.Equal((1, 16, 16), model.SizeMultiple);
    }

    static IReadOnlyList<Value> Trace(SegmentationModel model, Shape shape) =>
        model.Outputs(new Program(isTraining: true).Input("image", shape));

    static SegmentationModel Create(string id, string options, int channels, int classes)
    {
        JsonObject json = JsonNode.Parse(options)!.AsObject();
        json["inputChannels"] = channels;
        json["classes"] = classes;
        return ModelRegistry.Create(id, json, seed: 1);
    }

    static float[] Numbers(Shape shape) => [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 1.7f))];
}
