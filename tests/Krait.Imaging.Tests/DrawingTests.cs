using System.Globalization;
using System.Xml.Linq;
using Krait.Imaging.Drawing;

namespace Krait.Imaging.Tests;

public sealed class DrawingTests
{
    private static readonly LineChart Chart = new(
        "Loss <train> & \"val\"",
        [
            new ChartSeries("train", [(1, 0.9), (2, 0.5), (3, double.NaN), (4, 0.25)]),
            new ChartSeries("val", [(1, 1.0), (2, 0.7), (3, 0.6), (4, 0.55)]) { Dashed = true },
        ])
    {
        XLabel = "epoch",
        Mark = (4, "best"),
    };

    [Fact]
    public void Blend_tints_foreground_only_and_outlines_it()
    {
        Image grey = new(5, 5, 1, [.. Enumerable.Repeat((byte)100, 25)]);
        int[] mask = new int[25];
        foreach (int p in (int[])[6, 7, 8, 11, 12, 13, 16, 17, 18])
        {
            mask[p] = 1;
        }

        Image drawn = Overlay.Blend(grey, mask, [new(0, 0, 0), new(200, 0, 0)], opacity: 0.5, contour: 1);
        Assert.Equal((100, 100), (drawn[0, 0, 0], drawn[0, 0, 1]));
        Assert.Equal((200, 0), (drawn[1, 1, 0], drawn[1, 1, 1]));
        Assert.Equal((150, 50), (drawn[2, 2, 0], drawn[2, 2, 1]));
        Image lines = Overlay.Contour(grey, mask, [new(0, 0, 0), new(200, 0, 0)], width: 1);
        Assert.Equal((100, 200), (lines[2, 2, 0], lines[1, 2, 0]));
    }

    [Fact]
    public void Blend_refuses_classes_without_colour()
    {
        Image grey = new(2, 1, 1, [1, 2]);
        Assert.Throws<ArgumentException>(() => Overlay.Blend(grey, [0, 2], ClassPalette.ForClasses(2)));
        Assert.Throws<ArgumentException>(() => Overlay.Blend(grey, [0], ClassPalette.ForClasses(2)));
    }

    [Fact]
    public void Compare_shows_hits_false_alarms_and_misses_in_three_colours()
    {
        Image black = new(4, 1, 1, [0, 0, 0, 0]);
        Image drawn = Overlay.Compare(black, [0, 1, 0, 1], [0, 1, 1, 0], opacity: 1);
        Assert.Equal(0, drawn[0, 0, 0] + drawn[0, 0, 1] + drawn[0, 0, 2]);
        HashSet<(int, int, int)> colours =
            [.. Enumerable.Range(0, 4).Select(x => (drawn[x, 0, 0], drawn[x, 0, 1], drawn[x, 0, 2]))];
        Assert.Equal(4, colours.Count);
    }

    [Fact]
    public void Contact_sheet_holds_every_picture_at_its_place()
    {
        Image red = new(2, 2, 3, [.. Enumerable.Repeat((byte[])[255, 0, 0], 4).SelectMany(p => p)]);
        Image wide = new(4, 2, 1, new byte[8]);
        Image sheet = ContactSheet.Render([new(red, "a"), new(wide, "b"), new(red)], columns: 2, cellSize: 40);
        Assert.Equal((255, 0), (sheet[30, 30, 0], sheet[30, 30, 1]));
        Assert.Equal(0, sheet[80, 30, 0]);
        Assert.Equal(0xF2, sheet[80, 12, 0]);
        Assert.True(sheet.Height > sheet.Width * 1.1);
    }

    [Fact]
    public void Chart_svg_is_well_formed_and_has_all_curves_ticks_and_labels()
    {
        XDocument svg = XDocument.Parse(Chart.ToSvg());
        XNamespace ns = "http://www.w3.org/2000/svg";
        string[] texts = [.. svg.Descendants(ns + "text").Select(t => t.Value)];
        Assert.Contains("Loss <train> & \"val\"", texts);
        Assert.Contains("epoch", texts);
        Assert.Contains("best", texts);
        Assert.Contains("0.2", texts);
        Assert.Contains("1.0", texts);
        Assert.Equal(["1", "2", "3", "4"], texts.Where(t => t.Length == 1));
        Assert.Single(svg.Descendants(ns + "circle"));
    }

    [Fact]
    public void Chart_svg_is_the_same_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        string expected = Chart.ToSvg();
        try
        {
            CultureInfo.CurrentCulture = WithDecimalComma();
            Assert.Equal(expected, Chart.ToSvg());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo WithDecimalComma()
    {
        CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        return culture;
    }

    [Fact]
    public void Chart_pixels_show_each_curve_in_its_colour()
    {
        Image image = Chart.ToImage(scale: 1);
        Assert.Equal((640, 400), (image.Width, image.Height));
        for (int i = 0; i < 2; i++)
        {
            Rgba colour = ClassPalette.ForSeries(i);
            int hits = Enumerable.Range(0, 640 * 340).Count(p =>
                (image[p % 640, 60 + (p / 640), 0], image[p % 640, 60 + (p / 640), 1]) == (colour.R, colour.G));
            Assert.True(hits > 40, $"curve {i}: {hits} pixels");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Charts_without_points_or_with_one_are_drawn(int points)
    {
        LineChart chart = new("empty", [new ChartSeries("a", [.. Enumerable.Repeat((3.0, 7.0), points)])]);
        Assert.Equal(points, XDocument.Parse(chart.ToSvg()).Descendants().Count(e => e.Name.LocalName == "circle"));
        Assert.Equal(1280, chart.ToImage().Width);
    }
}
