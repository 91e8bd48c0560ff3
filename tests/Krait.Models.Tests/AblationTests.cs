using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Training.Execution;

namespace Krait.Models.Tests;

public sealed class AblationTests
{
    public static TheoryData<string> WithScan => [.. NarrowModels.WithScan];

    [Fact]
    public void Every_vision_mamba_model_can_do_without_its_scan() => Assert.Superset(
        new HashSet<string>
        {
            "vmunet", "vmunetv2", "swin-umamba", "swin-umamba-d", "lightm-unet", "umamba-bot", "umamba-enc",
        },
        NarrowModels.WithScan.ToHashSet());

    [Theory]
    [MemberData(nameof(WithScan))]
    public void Without_a_scan_its_parameters_are_gone_and_all_others_stay(string id)
    {
        using SegmentationModel scans = NarrowModels.Create(id), plain = NarrowModels.Create(id, more: NoScan);
        string[] gone = [.. scans.Store.Parameters.Select(p => p.Name)
            .Except(plain.Store.Parameters.Select(p => p.Name))];
        Assert.NotEmpty(gone);
        Assert.All(gone, name =>
            Assert.Contains(ScanParameters, part => name.Contains(part, StringComparison.Ordinal)));
        Assert.DoesNotContain(plain.Store.Parameters,
            p => ScanParameters.Any(part => p.Name.Contains(part, StringComparison.Ordinal)));
    }

    /// <summary>With C = 0 the states do not reach the output, and the scan's skip term is what is left.</summary>
    [Theory]
    [MemberData(nameof(WithScan))]
    public void Without_a_scan_the_logits_are_those_of_a_scan_whose_c_is_zero(string id)
    {
        using SegmentationModel scans = NarrowModels.Create(id), plain = NarrowModels.Create(id, more: NoScan);
        var rng = new CounterRng(9, 0, "skips");
        foreach (Parameter p in plain.Store.Parameters)
        {
            float[] values = Stronger(p.Name, plain.Store.Save(p));
            if (p.Name.EndsWith(".D", StringComparison.Ordinal) || p.Name.EndsWith(".Ds", StringComparison.Ordinal))
                rng.FillUniform(0, values);
            plain.Store.Load(p, values);
            scans.Store.Load(scans.Store.Find(p.Name)!, values);
        }
        foreach (Parameter p in scans.Store.Parameters.Where(p => plain.Store.Find(p.Name) is null))
            scans.Store.Load(p, Stronger(p.Name, scans.Store.Save(p)));
        float[] before = Logits(scans);
        foreach (Parameter p in scans.Store.Parameters.Where(p => p.Name.Contains("x_proj", StringComparison.Ordinal)))
            scans.Store.Load(p, WithoutC(scans.Store.Save(p), p.CheckpointShape));
        float[] expected = Logits(scans), got = Logits(plain);
        float largest = expected.Max(MathF.Abs);
        Assert.Contains(before.Zip(expected), x => MathF.Abs(x.First - x.Second) > 1e-3f * largest);
        Assert.All(expected.Zip(got), x => Assert.Equal(x.First, x.Second, 2e-5f * largest));
    }

    [Theory]
    [InlineData("""{"mixer":"convolution"}""", "down_layers.1.1.conv1.conv.weight")]
    [InlineData("""{"mixer":"attention"}""", "down_layers.1.1.conv1.attention.qkv.weight")]
    [InlineData("""{"mixer":"vss"}""", "down_layers.1.1.conv1.vss.A_logs")]
    [InlineData("""{"mixer":"vss","scan":"none"}""", "down_layers.1.1.conv1.vss.Ds")]
    [InlineData("""{"mixer":"mamba"}""", "down_layers.1.1.conv1.mamba.A_log")]
    [InlineData("""{"mixer":"attention","dims":3}""", "down_layers.1.1.conv1.attention.proj.bias")]
    [InlineData("""{"mixer":"convolution","dims":3}""", "down_layers.1.1.conv1.conv.bias")]
    public void Any_mixer_of_lightm_unet_learns(string options, string parameter)
    {
        using SegmentationModel model = NarrowModels.Create("lightm-unet", more: options);
        Assert.NotNull(model.Store.Find(parameter));
        float[] before = Logits(model);
        Assert.True(before.Max() > before.Min());
        Assert.True(GradientOf(model, parameter).Max(MathF.Abs) > 0);
    }

    [Fact]
    public void The_adjustment_factor_and_the_residual_of_lightm_unet_can_be_left_out()
    {
        using SegmentationModel published = NarrowModels.Create("lightm-unet");
        using SegmentationModel unscaled = NarrowModels.Create("lightm-unet", more: """{"skipScale":false}""");
        using SegmentationModel bare = NarrowModels.Create("lightm-unet", more: """{"residual":false}""");
        const string scale = "down_layers.0.1.conv1.skip_scale";
        Assert.NotNull(published.Store.Find(scale));
        Assert.Null(unscaled.Store.Find(scale));
        Assert.Null(bare.Store.Find(scale));
        // A fresh factor is 1, so leaving it out changes nothing yet; without the residual the result is another.
        Assert.Equal(Logits(published), Logits(unscaled));
        Assert.NotEqual(Logits(published), Logits(bare));
    }

    [Fact]
    public void Self_attention_over_too_many_positions_is_refused_with_the_bound()
    {
        using SegmentationModel model = NarrowModels.Create("lightm-unet", more: """{"mixer":"attention"}""");
        var program = new Program(false);
        model.Forward(program.Input("fits", new Shape(1, 64, 64, 3)));
        string message = Assert.Throws<ShapeException>(
            () => model.Forward(program.Input("too large", new Shape(1, 68, 64, 3)))).Message;
        Assert.Contains("4096", message);
        Assert.Contains("4352", message);
    }

    const string NoScan = """{"scan":"none"}""";

    static readonly string[] ScanParameters = ["x_proj", "dt_proj", "A_log"];

    /// <summary>Steps of 0.7, larger B, C and factors of SDI: a fresh scan hardly shows in the logits.</summary>
    static float[] Stronger(string name, float[] values) => name.Contains("x_proj", StringComparison.Ordinal)
        || name.StartsWith("sdi_", StringComparison.Ordinal)
        ? Array.ConvertAll(values, x => 10 * x)
        : name.Contains("dt_proj", StringComparison.Ordinal) && name.EndsWith("bias", StringComparison.Ordinal)
            ? new float[values.Length]
            : values;

    /// <summary>The last N rows of each projection make C.</summary>
    static float[] WithoutC(float[] values, Shape shape)
    {
        const int states = 16;
        int rows = shape[^2], width = shape.Width;
        for (int i = 0; i < values.Length; i++)
            if (i / width % rows >= rows - states)
                values[i] = 0;
        return values;
    }

    static float[] Logits(SegmentationModel model)
    {
        using Device device = CpuDevice.Create(1);
        using var session = new InferenceSession(model, device);
        Shape image = Image(model);
        return session.Logits(Numbers(image.Count), image);
    }

    static float[] GradientOf(SegmentationModel model, string parameter)
    {
        using Device device = CpuDevice.Create(1);
        var program = new Program(isTraining: true);
        Value image = program.Input("image", Image(model));
        Value logits = model.Forward(image);
        Gradients.Append(program, [(logits, program.Input("cotangent", logits.Shape))], []);
        using var plan = new Plan(program, device, model.Store);
        foreach (Value input in program.Inputs)
            Numbers(input.Shape.Count).CopyTo(plan[input].AsSpan());
        plan.Run();
        return model.Store.SaveGradient(model.Store.Find(parameter)!);
    }

    static Shape Image(SegmentationModel model) => model.Dims == 3 ? new Shape(1, 8, 8, 8, 3) : new Shape(1, 32, 32, 3);

    static float[] Numbers(long count) => [.. Enumerable.Range(0, (int)count).Select(i => MathF.Sin(i * 0.7f))];
}
