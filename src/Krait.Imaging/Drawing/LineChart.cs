namespace Krait.Imaging.Drawing;

/// <summary>One curve; points that are not finite make gaps.</summary>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Null takes the next colour of the chart's own row.</summary>
    public Rgba? Colour { get; init; }

    public bool Dashed { get; init; }
}

/// <summary>A chart of curves that renders alike to SVG text and to pixels.</summary>
public sealed record LineChart(string Title, IReadOnlyList<ChartSeries> Series)
{
    private const double Left = 62;
    private const double Right = 20;
    private const double Top = 62;
    private const double Bottom = 50;
    private const double Small = 12;
    private static readonly Rgba Ink = new(0x22, 0x22, 0x22);
    private static readonly Rgba Soft = new(0x66, 0x66, 0x66);
    private static readonly Rgba Grid = new(0xE4, 0xE4, 0xE4);

    public string XLabel { get; init; } = "";

    public string YLabel { get; init; } = "";

    /// <summary>Size in chart pixels, at least 200 x 150.</summary>
    public int Width { get; init; } = 640;

    public int Height { get; init; } = 400;

    /// <summary>Lower end of the y axis; null takes it from the curves.</summary>
    public double? YMin { get; init; }

    /// <summary>Upper end of the y axis; null takes it from the curves.</summary>
    public double? YMax { get; init; }

    /// <summary>A vertical line with a word, such as the best epoch; null for none.</summary>
    public (double X, string Label)? Mark { get; init; }

    /// <summary>The chart as an SVG document.</summary>
    public string ToSvg() => ChartSheet.ToSvg([this], 1);

    /// <summary>The chart as a picture, <paramref name="scale"/> pixels for one chart pixel.</summary>
    public Image ToImage(double scale = 2) => ChartSheet.ToImage([this], 1, scale);

    internal void Draw(IChartSurface surface)
    {
        (double X, double Y)[] all = [.. Series.SelectMany(s => s.Points).Where(IsFinite)];
        if (all.Length == 0)
        {
            all = [(0, YMin ?? 0), (1, YMax ?? 1)];
        }

        bool whole = all.All(p => p.X == Math.Floor(p.X));
        double plotWidth = Width - Left - Right;
        double plotHeight = Height - Top - Bottom;
        ChartAxis x = ChartAxis.Nice(
            all.Min(p => p.X), all.Max(p => p.X), Math.Max(2, (int)(plotWidth / 70)), true, true, whole);
        ChartAxis y = ChartAxis.Nice(
            YMin ?? all.Min(p => p.Y),
            YMax ?? all.Max(p => p.Y),
            Math.Max(2, (int)(plotHeight / 45)),
            YMin is not null,
            YMax is not null,
            false);
        (double X, double Y) At((double X, double Y) p) =>
            (Left + (x.Share(p.X) * plotWidth), Top + ((1 - y.Share(p.Y)) * plotHeight));

        DrawAxes(surface, x, y, At);
        DrawMark(surface, x, At);
        for (int i = 0; i < Series.Count; i++)
        {
            DrawSeries(surface, Series[i], ColourOf(i), y, At);
        }

        DrawLegend(surface);
    }

    private static bool IsFinite((double X, double Y) p) => double.IsFinite(p.X) && double.IsFinite(p.Y);

    private static void DrawSeries(
        IChartSurface surface,
        ChartSeries series,
        Rgba colour,
        ChartAxis y,
        Func<(double X, double Y), (double X, double Y)> at)
    {
        List<(double X, double Y)> run = [];
        foreach ((double X, double Y) point in series.Points.Append((double.NaN, double.NaN)))
        {
            if (IsFinite(point))
            {
                // Where the axis has a set end, curves stop at the frame.
                run.Add(at((point.X, Math.Clamp(point.Y, y.Low, y.High))));
                continue;
            }

            if (run.Count == 1)
            {
                surface.Dot(run[0].X, run[0].Y, 3, colour);
            }
            else if (run.Count > 1)
            {
                surface.Polyline(run, 1.8, colour, series.Dashed);
            }

            run = [];
        }
    }

    private Rgba ColourOf(int i) => Series[i].Colour ?? ClassPalette.ForSeries(i);

    private void DrawAxes(
        IChartSurface surface, ChartAxis x, ChartAxis y, Func<(double X, double Y), (double X, double Y)> at)
    {
        double right = Width - Right;
        double bottom = Height - Bottom;
        surface.Text(Title, Left, 26, 16, Ink, TextAnchor.Start);
        foreach ((double value, string label) in y.Ticks())
        {
            double height = at((x.Low, value)).Y;
            surface.Polyline([(Left, height), (right, height)], 1, Grid, false);
            surface.Text(label, Left - 8, height + 4, Small, Soft, TextAnchor.End);
        }

        foreach ((double value, string label) in x.Ticks())
        {
            double across = at((value, y.Low)).X;
            surface.Polyline([(across, bottom), (across, bottom + 4)], 1, Soft, false);
            surface.Text(label, across, bottom + 18, Small, Soft, TextAnchor.Middle);
        }

        surface.Polyline([(Left, Top), (Left, bottom), (right, bottom)], 1, Soft, false);
        surface.Text(XLabel, (Left + right) / 2, Height - 12, Small, Ink, TextAnchor.Middle);
        surface.TextUpwards(YLabel, 16, (Top + bottom) / 2, Small, Ink);
    }

    private void DrawMark(IChartSurface surface, ChartAxis x, Func<(double X, double Y), (double X, double Y)> at)
    {
        if (Mark is not { } mark || mark.X < x.Low || mark.X > x.High)
        {
            return;
        }

        double across = at((mark.X, 0)).X;
        bool late = x.Share(mark.X) > 0.7;
        surface.Polyline([(across, Top), (across, Height - Bottom)], 1, new Rgba(0x88, 0x88, 0x88), true);
        surface.Text(mark.Label, across + (late ? -6 : 6), Height - Bottom - 8, Small, Soft,
            late ? TextAnchor.End : TextAnchor.Start);
    }

    private void DrawLegend(IChartSurface surface)
    {
        double across = Left;
        for (int i = 0; i < Series.Count; i++)
        {
            surface.Polyline([(across, 44), (across + 22, 44)], 2.4, ColourOf(i), Series[i].Dashed);
            surface.Text(Series[i].Name, across + 29, 48, Small, Ink, TextAnchor.Start);
            across += 29 + StrokeFont.Width(Series[i].Name, Small) + 22;
        }
    }
}
