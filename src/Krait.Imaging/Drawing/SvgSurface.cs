using System.Globalization;
using System.Security;
using System.Text;

namespace Krait.Imaging.Drawing;

/// <summary>Draws a chart as SVG elements, shifted.</summary>
internal sealed class SvgSurface(StringBuilder svg, double offsetX, double offsetY) : IChartSurface
{
    /// <summary>A whole document around <paramref name="body"/>.</summary>
    public static string Document(double width, double height, string body) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"
              viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">
            <rect width="{width}" height="{height}" fill="#ffffff"/>
            {body}</svg>

            """);

    public void Rectangle(double x, double y, double width, double height, Rgba fill) =>
        Line($"<rect x=\"{X(x)}\" y=\"{Y(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" {Paint("fill", fill)}/>");

    public void Polyline(IReadOnlyList<(double X, double Y)> points, double thickness, Rgba colour, bool dashed)
    {
        string list = string.Join(' ', points.Select(p => $"{X(p.X)},{Y(p.Y)}"));
        string dash = dashed ? " stroke-dasharray=\"6 6\"" : "";
        Line($"<polyline points=\"{list}\" fill=\"none\" {Paint("stroke", colour)} stroke-width=\"{N(thickness)}\" "
            + $"stroke-linejoin=\"round\" stroke-linecap=\"round\"{dash}/>");
    }

    public void Dot(double x, double y, double radius, Rgba colour) =>
        Line($"<circle cx=\"{X(x)}\" cy=\"{Y(y)}\" r=\"{N(radius)}\" {Paint("fill", colour)}/>");

    public void Text(string text, double x, double y, double size, Rgba colour, TextAnchor anchor)
    {
        string where = anchor switch { TextAnchor.Start => "start", TextAnchor.Middle => "middle", _ => "end" };
        Line($"<text x=\"{X(x)}\" y=\"{Y(y)}\" font-size=\"{N(size)}\" {Paint("fill", colour)} "
            + $"text-anchor=\"{where}\">{SecurityElement.Escape(text)}</text>");
    }

    public void TextUpwards(string text, double x, double y, double size, Rgba colour) =>
        Line($"<text transform=\"translate({X(x)} {Y(y)}) rotate(-90)\" font-size=\"{N(size)}\" "
            + $"{Paint("fill", colour)} text-anchor=\"middle\">{SecurityElement.Escape(text)}</text>");

    private static string Paint(string property, Rgba colour) => colour.A == 255
        ? $"{property}=\"{colour}\""
        : $"{property}=\"{colour}\" {property}-opacity=\"{N(colour.A / 255.0)}\"";

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void Line(string element) => svg.Append(element).Append('\n');

    private string X(double x) => N(offsetX + x);

    private string Y(double y) => N(offsetY + y);
}
