using Krait.Models.PretrainedMaps;

namespace Krait.Weights.Tests;

[Trait("Category", "Golden")]
public sealed class PretrainedMapTests
{
    public static TheoryData<string> Items() =>
        [.. GoldenFolder.Items("checkpoint.key_mapping").Select(i => i.Item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Items))]
    public void Map_fills_exactly_the_tensors_that_the_published_loader_fills(string name) => Check(name, false);

    [Theory]
    [MemberData(nameof(Items))]
    public void New_vmamba_names_fill_the_same_tensors(string name) => Check(name, true);

    /// <summary>As the published loader does; an encoder that the checkpoint does not fill is still an error.</summary>
    [Fact]
    public void A_decoder_deeper_than_the_checkpoint_keeps_its_initial_values()
    {
        string[] decoder = ["layers.0.blocks.0", "layers_up.3.blocks.0", "layers_up.3.blocks.1"];
        ExpectedTensor[] model = [.. decoder.Select(n => new ExpectedTensor($"vmunet.{n}.ln_1.weight", [4]))];
        HostTensor[] checkpoint = [HostTensor.FromFloat32("layers.0.blocks.0.ln_1.weight", [4], new float[4])];
        var report = WeightLoader.Match(model, checkpoint, "a.pth", VmUnetPretrained.FromVMamba).Report;
        Assert.True(report.IsComplete, report.ToText());
        Assert.Equal((2, 1), (report.Filled, report.Fresh.Count));
        ExpectedTensor[] deeper = [.. model, new("vmunet.layers.0.blocks.1.ln_1.weight", [4])];
        Assert.False(WeightLoader.Match(deeper, checkpoint, "a.pth", VmUnetPretrained.FromVMamba).Report.IsComplete);
    }

    static void Check(string name, bool newNames)
    {
        var (folder, item) = GoldenFolder.Items("checkpoint.key_mapping")
            .Single(i => i.Item.GetProperty("name").GetString() == name);
        KeyMappingCheck.Run(folder, item, newNames);
    }
}
