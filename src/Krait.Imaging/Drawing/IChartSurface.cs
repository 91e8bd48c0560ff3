namespace Krait.Imaging.Drawing;

/// <summary>What a chart needs to draw itself, on pixels or as SVG. Units are chart pixels, y downwards.</summary>
internal interface IChartSurface
{
    void Rectangle(double x, double y, double width, double height, Rgba fill);

    void Polyline(IReadOnlyList<(double X, double Y)> points, double thickness, Rgba colour, bool dashed);

    void Dot(double x, double y, double radius, Rgba colour);

    void Text(string text, double x, double y, double size, Rgba colour, TextAnchor anchor);

    /// <summary>Text that reads upwards, centred on (x, y).</summary>
    void TextUpwards(string text, double x, double y, double size, Rgba colour);
}
