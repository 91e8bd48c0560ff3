using System.Text;

namespace Krait.Imaging.Drawing;

/// <summary>Several charts on one page, as SVG or as a picture.</summary>
public static class ChartSheet
{
    /// <summary>The charts row by row, <paramref name="columns"/> in a row, as one SVG document.</summary>
    public static string ToSvg(IReadOnlyList<LineChart> charts, int columns)
    {
        StringBuilder body = new();
        (int width, int height) = Lay(charts, columns, (chart, x, y) => chart.Draw(new SvgSurface(body, x, y)));
        return SvgSurface.Document(width, height, body.ToString());
    }

    /// <summary>The same page as pixels, <paramref name="scale"/> for one chart pixel.</summary>
    public static Image ToImage(IReadOnlyList<LineChart> charts, int columns, double scale = 2)
    {
        (int width, int height) = Lay(charts, columns, (_, _, _) => { });
        Canvas canvas = new((int)(width * scale), (int)(height * scale), new Rgba(255, 255, 255));
        Lay(charts, columns, (chart, x, y) => chart.Draw(new CanvasSurface(canvas, scale, x, y)));
        return canvas.ToImage();
    }

    /// <summary>Writes <paramref name="path"/>.svg and <paramref name="path"/>.png; each appears whole or not at all.
    /// </summary>
    public static void Write(string path, IReadOnlyList<LineChart> charts, int columns)
    {
        string svg = ToSvg(charts, columns);
        Codecs.AtomicFile.Write(path + ".svg", file => file.Write(Encoding.UTF8.GetBytes(svg)));
        ImageFile.WritePng(path + ".png", ToImage(charts, columns));
    }

    /// <summary>Places each chart and gives back the size of the page.</summary>
    private static (int Width, int Height) Lay(
        IReadOnlyList<LineChart> charts, int columns, Action<LineChart, int, int> place)
    {
        (int width, int y) = (0, 0);
        foreach (LineChart[] row in charts.Chunk(columns))
        {
            int x = 0;
            foreach (LineChart chart in row)
            {
                place(chart, x, y);
                x += chart.Width;
            }

            width = Math.Max(width, x);
            y += row.Max(c => c.Height);
        }

        return (width, y);
    }
}
