using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class MaskCodingTests
{
    [Fact]
    public void Threshold_index_value_and_colour_decode()
    {
        var grey = new Image(4, 1, 1, new byte[] { 0, 127, 128, 255 });
        Assert.Equal([0, 0, 1, 1], new MaskCoding().Decode(grey));
        Assert.Equal([1, 1, 0, 0], new MaskCoding { Invert = true }.Decode(grey));
        var values = Coding(MaskKind.Value, ("b", 0, "000000"), ("c", 128, "00ff00"), ("n", 255, "ff0000"));
        Assert.Equal([0, 1, 1, 2], values.Decode(grey));
        var palette = Image.FromIndices(3, 1, [2, 0, 7], [new(0, 0, 0), new(9, 9, 9), new(9, 9, 9)]);
        var index = Coding(MaskKind.Index, ("b", 0, "000000"), ("x", 2, "ff0000"));
        Assert.Equal([1, 0, MaskCoding.Unknown], index.Decode(palette));
        var colour = new Image(3, 1, 3, new byte[] { 3, 0, 9, 0, 10, 200, 240, 30, 30 });
        var colours = Coding(MaskKind.Color, ("b", null, "000000"), ("liver", null, "0000ff"),
            ("tumour", null, "ff0000"));
        Assert.Equal([0, 1, 2], colours.Decode(colour));
    }

    [Fact]
    public void Survey_finds_binary_masks_in_their_many_forms()
    {
        Assert.Equal((MaskKind.Threshold, 128), Kind(Grey(0, 255)));
        Assert.Equal((MaskKind.Threshold, 1), Kind(Grey(0, 1)));
        Assert.Equal(MaskKind.Threshold, Kind(SoftGrey()).Item1);
        // A palette whose index 0 is white and 255 black: the colour counts, not the index.
        var palette = Enumerable.Range(0, 256).Select(i => new Rgba((byte)(255 - i), (byte)(255 - i), (byte)(255 - i)))
            .ToArray();
        var inverted = Image.FromIndices(4, 4, [0, 0, 0, 0, .. Enumerable.Repeat((byte)255, 12)], palette);
        var coding = MaskSurvey.Of([inverted]);
        Assert.Equal(MaskKind.Threshold, coding.Kind);
        Assert.Equal([1, 1, 1, 1, 0], coding.Decode(inverted)[..5]);
    }

    [Fact]
    public void Survey_finds_values_indices_and_colours()
    {
        var values = MaskSurvey.Of([Grey(0, 128, 255)]);
        Assert.Equal(MaskKind.Value, values.Kind);
        Assert.Equal([0, 128, 255], values.Classes.Select(c => c.Value!.Value));
        var index = MaskSurvey.Of(
            [Image.FromIndices(2, 2, [0, 1, 2, 2], [new(0, 0, 0), new(200, 0, 0), new(0, 200, 0)])]);
        Assert.Equal(MaskKind.Index, index.Kind);
        Assert.Equal(new Rgba(0, 200, 0), index.Classes[2].Color);
        var rgb = new byte[200 * 200 * 3];
        for (int i = 0; i < 200 * 200; i++)
        {
            if (i % 200 > 120) rgb[3 * i] = 255;
            else if (i % 200 > 80) rgb[3 * i + 2] = 255;
            // Interpolation noise along the border.
            if (i % 200 == 120) rgb[3 * i] = (byte)(40 + i / 200);
        }
        var colours = MaskSurvey.Of([new Image(200, 200, 3, rgb)]);
        Assert.Equal(MaskKind.Color, colours.Kind);
        Assert.Equal(["#000000", "#0000ff", "#ff0000"], colours.Classes.Select(c => c.Color.ToString()));
    }

    [Fact]
    public void Survey_refuses_what_is_no_mask()
    {
        var photo = SyntheticLesions.Draw(1, 1, 64).Picture;
        Assert.Throws<ConfigException>(() => MaskSurvey.Of([photo]));
        var ramp = new Image(256, 1, 1, Enumerable.Range(0, 256).Select(i => (byte)i).ToArray());
        Assert.Contains("dataset.yaml", Assert.Throws<ConfigException>(() => MaskSurvey.Of([ramp])).Message);
        Assert.Throws<ConfigException>(() => MaskSurvey.Of([]));
    }

    [Fact]
    public void Dataset_yaml_is_read_and_its_mistakes_are_named()
    {
        var d = DatasetDescription.Parse("""
            name: wbc
            masks: value
            classes:
              - background
              - {name: cytoplasm, value: 128, color: "#3cb44b"}
              - {name: nucleus, value: 255}
            """, "dataset.yaml");
        Assert.Equal(3, d.Classes.Count);
        Assert.Equal(("background", (int?)null), (d.Classes[0].Name, d.Classes[0].Value));
        Assert.Equal([0, 1, 2], d.Coding()!.Decode(new Image(3, 1, 1, new byte[] { 10, 130, 250 })));
        Assert.Equal(d.ToYaml(), DatasetDescription.Parse(d.ToYaml(), "again").ToYaml());
        foreach (string wrong in new[]
        {
            "mask: value", "masks: value", "masks: threshold\nclasses: [a, b, c]", "classes: [a]",
            "masks: color\nclasses: [{name: a, color: red}, b]", "masks: value\nclasses: [{value: 3}, {value: 3}]",
        })
            Assert.Contains("dataset.yaml", Assert.Throws<ConfigException>(
                () => DatasetDescription.Parse(wrong, "dataset.yaml")).Message);
    }

    [Theory]
    [InlineData("threshold", "200", new byte[] { 0, 1, 254, 1 })]
    [InlineData("value", "200", new byte[] { 0, 1, 254, 254 })]
    [InlineData("index", "200", new byte[] { 0, 1, 254, 255 })]
    [InlineData("color", "\"#c8c8c8\"", new byte[] { 0, 1, 254, 254 })]
    public void What_is_ignored_has_a_value_or_a_colour_of_its_own(string kind, string ignore, byte[] expected)
    {
        var coding = DatasetDescription.Parse($$"""
            masks: {{kind}}
            ignore: {{ignore}}
            threshold: 100
            classes: [{name: a, value: 0, color: "#000000"}, {name: b, value: 130, color: "#828282"}]
            """, "dataset.yaml").Coding()!;
        byte[] values = [0, 130, 200, 203];
        Assert.Equal(expected, coding.Decode(new Image(4, 1, 1, values)));
        if (kind != "color") Assert.Equal(expected, coding.Decode(values));
        Assert.Contains("ignored", coding.Describe());
    }

    [Theory]
    [InlineData("ignore: 7", "masks:")]
    [InlineData("masks: value\nignore: 1\nclasses: [a, b]", "must be no class")]
    [InlineData("masks: index\nignore: 3\nclasses: [a, {name: b, value: 3}]", "must be no class")]
    [InlineData("masks: color\nignore: \"#ff0000\"\nclasses: [a, {name: b, color: \"#ff0000\"}]", "must be no class")]
    [InlineData("masks: color\nignore: 3\nclasses: [a, b]", "a colour where")]
    [InlineData("masks: index\nignore: \"#0000ff\"\nclasses: [a, b]", "else a number")]
    [InlineData("masks: index\nignore: none\nclasses: [a, b]", "a whole number")]
    public void Declarations_of_what_is_ignored_that_cannot_be_meant_are_refused(string yaml, string words)
    {
        string message = Assert.Throws<ConfigException>(() => DatasetDescription.Parse(yaml, "dataset.yaml")).Message;
        Assert.Contains("dataset.yaml", message);
        Assert.Contains(words, message);
    }

    private static (MaskKind, int) Kind(Image mask) => (MaskSurvey.Of([mask]).Kind, MaskSurvey.Of([mask]).Threshold);

    private static MaskCoding Coding(MaskKind kind, params (string Name, int? Value, string Color)[] classes) => new()
    { Kind = kind, Classes = [.. classes.Select(c => new ClassInfo(c.Name, Rgba.Parse(c.Color), c.Value))] };

    private static Image Grey(params byte[] values) =>
        new(32, 32, 1, Enumerable.Range(0, 1024).Select(i => values[i * values.Length / 1024]).ToArray());

    // As after a resize or JPEG: most pixels near the ends, a few between.
    private static Image SoftGrey() => new(100, 100, 1, Enumerable.Range(0, 10_000).Select(i =>
        i % 100 < 60 ? (byte)(i % 3) : i % 100 == 60 ? (byte)(i / 100 * 2.5) : (byte)(253 + i % 3)).ToArray());
}
