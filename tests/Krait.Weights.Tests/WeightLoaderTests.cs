using System.Text.Json;

namespace Krait.Weights.Tests;

public sealed class WeightLoaderTests
{
    static readonly ExpectedTensor[] Model =
    [
        new("conv.weight", [4, 3]), new("conv.bias", [4]), new("bn.weight", [4]), new("bn.num_batches_tracked", []),
        new("head.weight", [2, 4]), new("head.bias", [2]),
    ];

    static HostTensor T(string name, params long[] shape) =>
        HostTensor.FromFloat32(name, shape, new float[shape.Aggregate(1L, (a, b) => a * b)]);

    static List<HostTensor> Complete(string prefix) =>
        [.. Model.Select(e => T(prefix + e.Name, [.. e.Shape]))];

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("model.")]
    [InlineData("state_dict.module.")]
    [InlineData("model_state_dict.")]
    [InlineData("network_weights.")]
    [InlineData("model_state_dict.module._orig_mod.")]
    public void Wrappers_are_taken_off(string prefix)
    {
        var match = WeightLoader.Match(Model, Complete(prefix), "a.pth");
        Assert.True(match.Report.IsComplete, match.Report.ToText());
        Assert.Equal(prefix, match.Report.StrippedPrefix);
        Assert.Equal(Model.Select(e => e.Name), match.Assignments.Select(a => a.Name));
        Assert.Equal(Model.Select(e => prefix + e.Name), match.Assignments.Select(a => a.Source.Name));
        match.Report.ThrowIfIncomplete(allowPartial: false);
    }

    [Fact]
    public void A_model_whose_own_names_begin_like_a_wrapper_keeps_them()
    {
        ExpectedTensor[] model = [new("model.weight", [1]), new("net.bias", [1])];
        var match = WeightLoader.Match(model, [T("model.weight", 1), T("net.bias", 1)], "a.pth");
        Assert.True(match.Report.IsComplete, match.Report.ToText());
        Assert.Equal("", match.Report.StrippedPrefix);
    }

    [Fact]
    public void The_model_is_taken_before_its_moving_average_and_optimizer_state_is_ignored()
    {
        List<HostTensor> tensors =
            [.. Complete("model_ema."), .. Complete("model."), T("optimizer.state.0.exp_avg", 4)];
        var report = WeightLoader.Match(Model, tensors, "a.pth").Report;
        Assert.True(report.IsComplete, report.ToText());
        Assert.Equal("model.", report.StrippedPrefix);
        Assert.Equal(Model.Length + 1, report.Ignored.Count);
    }

    [Fact]
    public void Operation_counts_and_batch_counters_do_not_matter()
    {
        var tensors = Complete("");
        tensors.RemoveAll(t => t.Name == "bn.num_batches_tracked");
        tensors.AddRange([T("total_ops", 1), T("conv.total_params", 1), T("norm2.num_batches_tracked")]);
        var report = WeightLoader.Match(Model, tensors, "a.pth").Report;
        Assert.True(report.IsComplete, report.ToText());
        Assert.Equal(["total_ops", "conv.total_params", "norm2.num_batches_tracked"],
            report.Ignored.Select(i => i.Name));
        Assert.Equal(["bn.num_batches_tracked"], report.Fresh.Select(f => f.Name));
    }

    [Fact]
    public void Every_kind_of_gap_stands_in_report_text_json_and_message()
    {
        List<HostTensor> tensors =
            [T("conv.weight", 4, 3), T("conv.bias", 5), T("bn.weight", 4), T("head.weight", 2, 4), T("extra", 7)];
        var report = WeightLoader.Match(Model, tensors, "a.pth").Report;
        Assert.False(report.IsComplete);
        Assert.Equal(["conv.weight", "bn.weight", "head.weight"], report.Matched.Select(m => m.Name));
        Assert.Equal(["conv.bias"], report.MisShaped.Select(m => m.Name));
        Assert.Equal(["head.bias"], report.Missing.Select(m => m.Name));
        Assert.Equal(["extra"], report.Unexpected.Select(m => m.Name));
        var text = report.ToText();
        Assert.Contains("load a.pth: 3 of 6 filled", text);
        Assert.Contains("conv.bias [4], in the file [5]", text);
        Assert.Contains("head.bias [2]", text);
        Assert.Contains("extra [7]", text);
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.Equal(5, json.RootElement.GetProperty("mis_shaped")[0].GetProperty("file_shape")[0].GetInt32());
        var e = Assert.Throws<WeightsException>(() => report.ThrowIfIncomplete(allowPartial: false));
        Assert.StartsWith("load a.pth: 1 of another shape, 1 parameter missing, 1 unused.", e.Message);
        Assert.Contains("Missing: head.bias [2].", e.Message);
        Assert.Contains("Hint: ", e.Message);
        report.ThrowIfIncomplete(allowPartial: true);
    }

    [Fact]
    public void Nothing_that_fits_is_an_error_even_when_partial_is_allowed()
    {
        var report = WeightLoader.Match(Model, [T("other.weight", 3)], "a.pth").Report;
        var e = Assert.Throws<WeightsException>(() => report.ThrowIfIncomplete(allowPartial: true));
        Assert.Contains("no tensor fits", e.Message);
        Assert.Contains("begins with other.weight", e.Message);
    }

    [Fact]
    public void Hints_know_another_number_of_classes_and_a_classifier()
    {
        var tensors = Complete("");
        tensors[^2] = T("head.weight", 9, 4);
        tensors[^1] = T("head.bias", 9);
        var classes = WeightLoader.Match(Model, tensors, "a.pth").Report;
        Assert.Contains("another number of classes",
            Assert.Throws<WeightsException>(() => classes.ThrowIfIncomplete(false)).Message);
        ExpectedTensor[] unet = [new("vmunet.layers.0.blocks.0.ln_1.weight", [4])];
        var mamba = WeightLoader.Match(unet, [T("layers.0.blocks.0.ln_1.weight", 4), T("head.weight", 10, 4)], "a.pth");
        Assert.Contains("VMamba classification",
            Assert.Throws<WeightsException>(() => mamba.Report.ThrowIfIncomplete(false)).Message);
    }

    [Fact]
    public void Two_tensors_for_one_place_are_refused()
    {
        var map = new KeyMap("m") { Aliases = [new(@"^norm\.", "ln_1.")], Rules = [KeyRule.Rename("^ln_1", "conv")] };
        var e = Assert.Throws<WeightsException>(() =>
            WeightLoader.Match(Model, [T("ln_1.bias", 4), T("norm.bias", 4)], "a.pth", map));
        Assert.Contains("both fill conv.bias", e.Message);
    }

    [Fact]
    public void A_map_duplicates_skips_and_leaves_groups_of_another_shape_out()
    {
        ExpectedTensor[] model =
        [
            new("a.w", [2]), new("b.w", [2]), new("stem.w", [3]), new("stem.b", [3]), new("out", [1]),
            new("same", [1]),
        ];
        var map = new KeyMap("m")
        {
            Rules = [KeyRule.Skip("^head", "no head"), KeyRule.Rename(@"^enc\.", "a.", "b.")],
            AllOrNone = [new("^stem", "other channels")],
            Surplus = [new("^enc", "deeper")],
            Fresh = [new("^out", "decoder")],
        };
        List<HostTensor> tensors =
            [T("enc.w", 2), T("enc.v", 2), T("head.w", 9), T("stem.w", 4), T("stem.b", 3), T("same", 1)];
        var match = WeightLoader.Match(model, tensors, "a.pth", map);
        Assert.True(match.Report.IsComplete, match.Report.ToText());
        Assert.Equal(["a.w <- enc.w", "b.w <- enc.w", "same <- same"],
            match.Assignments.Select(a => $"{a.Name} <- {a.Source.Name}"));
        Assert.Equal(["enc.v: deeper", "head.w: no head", "stem.w: other channels", "stem.b: other channels"],
            match.Report.Ignored.Select(i => $"{i.Name}: {i.Reason}"));
        Assert.Equal(["stem.w", "stem.b", "out"], match.Report.Fresh.Select(f => f.Name));
        tensors[3] = T("stem.w", 3);
        Assert.Equal(5, WeightLoader.Match(model, tensors, "a.pth", map).Assignments.Count);
    }

    static HostTensor Filled(string name, float number) => HostTensor.FromFloat32(name, [2], [number, number]);

    [Theory]
    [InlineData("net.w", "net.second", "net.third")]
    [InlineData("net.second", "net.w")]
    [InlineData("net.third", "net.second")] // the first name is not there
    [InlineData("net.w")]
    public void A_tensor_that_is_listed_under_several_names_loads_once(params string[] names)
    {
        var repeats = new Dictionary<string, string> { ["second"] = "w", ["third"] = "w" };
        var match = WeightLoader.Match([new("w", [2])], [.. names.Select(n => Filled(n, 3))], "a.pth", null, repeats);
        Assert.True(match.Report.IsComplete, match.Report.ToText());
        Assert.Equal(3, Assert.Single(match.Assignments).Source.ToFloat32()[0]);
        Assert.Equal(names.Length - 1, match.Report.Ignored.Count);
    }

    [Fact]
    public void Names_of_one_tensor_that_differ_are_refused_and_other_shapes_reported_once()
    {
        var repeats = new Dictionary<string, string> { ["second"] = "w" };
        var e = Assert.Throws<WeightsException>(() =>
            WeightLoader.Match([new("w", [2])], [Filled("w", 1), Filled("second", 2)], "a.pth", null, repeats));
        Assert.Contains("second and w are one tensor", e.Message);
        var report = WeightLoader.Match([new("w", [3])], [Filled("w", 1), Filled("second", 1)], "a.pth", null, repeats)
            .Report;
        Assert.Single(report.MisShaped);
    }

    [Fact]
    public void A_tensor_in_a_mapped_place_of_another_shape_is_reported()
    {
        var map = new KeyMap("m") { Rules = [KeyRule.Rename("^x", "conv.bias")] };
        var report = WeightLoader.Match(Model, [T("x", 3)], "a.pth", map).Report;
        Assert.Equal("conv.bias", Assert.Single(report.MisShaped).Name);
        Assert.DoesNotContain(report.Missing, m => m.Name == "conv.bias");
    }
}
