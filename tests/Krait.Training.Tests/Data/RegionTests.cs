using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class RegionTests
{
    private const string Classes = "masks: index\nclasses: [back, edema, core, active]\nregions:\n";

    private const string Nested = Classes + """
          - {name: whole, classes: [edema, core, active]}
          - {name: tumour, classes: [core, active]}
          - {name: active, classes: [active]}
        """;

    [Fact]
    public void A_region_is_labelled_by_its_first_class_that_no_later_region_holds()
    {
        var regions = Resolve(Nested);
        Assert.Equal([("whole", "1 2 3", 1), ("tumour", "2 3", 2), ("active", "3", 3)],
            regions.Select(r => (r.Name, string.Join(' ', r.Classes), r.Label)));
        Assert.Equal([3, 2, 3], Resolve(Nested + "\nregions_class_order: [active, core, active]").Select(r => r.Label));
        var again = DatasetDescription.Parse(Nested + "\nignore: 9", "x");
        Assert.Equal(again.ToYaml(), DatasetDescription.Parse(again.ToYaml(), "again").ToYaml());
    }

    [Theory]
    [InlineData(Classes + "  - {name: a, classes: [cores]}", "Did you mean 'core'?")]
    [InlineData(Classes + "  - {name: a, classes: []}", "needs classes")]
    [InlineData(Classes + "  - {name: a, classes: [back, core]}", "background")]
    [InlineData(Classes + "  - {name: a, classes: [core]}\n  - {name: a, classes: [edema]}", "name of its own")]
    [InlineData(Classes + "  - {name: a, classes: [core]}\n  - {name: b, classes: [core, edema]}",
        "larger regions first")]
    [InlineData(Nested + "\nregions_class_order: [core]", "got 1")]
    [InlineData(Nested + "\nregions_class_order: [edema, edema, active]", "does not hold")]
    [InlineData(Nested + "\nregions_class_order: [edema, core, x]", "not declared")]
    [InlineData("regions_class_order: [a]", "none are declared")]
    [InlineData("regions: [{name: a, classes: [lesion]}]", "not declared")]
    [InlineData(Classes + "  - {name: a, class: core}", "unknown key")]
    public void Regions_that_cannot_be_told_apart_are_refused(string yaml, string words)
    {
        string message = Assert.Throws<ConfigException>(() => DatasetDescription.Parse(yaml, "dataset.yaml")).Message;
        Assert.Contains("dataset.yaml", message);
        Assert.Contains(words, message);
    }

    /// <summary>nnU-Net paints the regions in order, each over the ones before it, where its probability is above 0.5.
    /// </summary>
    [Fact]
    public void Outputs_of_regions_become_labels_as_if_they_were_painted_in_order()
    {
        float[] p =
        [
            0.9f, 0.2f, 0.1f, /* whole */ 0.9f, 0.8f, 0.1f, /* tumour */ 0.1f, 0.2f, 0.6f, /* active alone */
            0.9f, 0.9f, 0.9f, /* all */ 0.5f, 0.5f, 0.5f, /* none: 0.5 is not above */ 0.7f, 0.5f, 0.6f,
        ];
        Assert.Equal([1, 2, 3, 3, 0, 3], new Readout(3, Resolve(Nested)).ToLabels(p));
        float[] logits = [0, 2, -2];
        new Readout(3, Resolve(Nested)).ToProbabilities(logits);
        Assert.Equal([0.5f, 0.880797f, 0.119203f], logits.Select(v => MathF.Round(v, 6)));
        Assert.Equal([0, 2], new Readout(1, [new("only", [1, 2], 2)]).ToLabels([0.5f, 0.51f]));
    }

    private static IReadOnlyList<LabelRegion> Resolve(string yaml) =>
        DatasetDescription.Parse(yaml, "dataset.yaml").ResolveRegions();
}
