namespace Krait.Imaging.Drawing;

/// <summary>Draws a chart on a canvas, enlarged by <paramref name="scale"/> and shifted.</summary>
internal sealed class CanvasSurface(Canvas canvas, double scale, double offsetX, double offsetY) : IChartSurface
{
    private const double Dash = 6;

    public void Rectangle(double x, double y, double width, double height, Rgba fill)
    {
        (int left, int top) = ((int)Math.Round(X(x)), (int)Math.Round(Y(y)));
        (int right, int bottom) = ((int)Math.Round(X(x + width)), (int)Math.Round(Y(y + height)));
        canvas.FillRectangle(left, top, right - left, bottom - top, fill);
    }

    public void Polyline(IReadOnlyList<(double X, double Y)> points, double thickness, Rgba colour, bool dashed)
    {
        (double X, double Y)[] scaled = [.. points.Select(p => (X(p.X), Y(p.Y)))];
        if (!dashed)
        {
            canvas.DrawPolyline(scaled, thickness * scale, colour);
            return;
        }

        foreach ((double X, double Y)[] piece in Dashes(scaled, Dash * scale))
        {
            canvas.DrawPolyline(piece, thickness * scale, colour);
        }
    }

    public void Dot(double x, double y, double radius, Rgba colour) =>
        canvas.DrawPolyline([(X(x), Y(y))], 2 * radius * scale, colour);

    public void Text(string text, double x, double y, double size, Rgba colour, TextAnchor anchor) =>
        canvas.DrawText(text, X(x), Y(y), size * scale, colour, anchor);

    public void TextUpwards(string text, double x, double y, double size, Rgba colour) =>
        canvas.DrawTextUpwards(text, X(x), Y(y), size * scale, colour);

    /// <summary>Every second piece of length <paramref name="dash"/> along the line.</summary>
    private static IEnumerable<(double X, double Y)[]> Dashes((double X, double Y)[] points, double dash)
    {
        List<(double X, double Y)> piece = [points[0]];
        double left = dash;
        bool on = true;
        for (int i = 1; i < points.Length; i++)
        {
            (double X, double Y) at = points[i - 1];
            double length = Math.Sqrt(Math.Pow(points[i].X - at.X, 2) + Math.Pow(points[i].Y - at.Y, 2));
            while (length > left)
            {
                double part = left / length;
                at = (at.X + ((points[i].X - at.X) * part), at.Y + ((points[i].Y - at.Y) * part));
                length -= left;
                piece.Add(at);
                if (on)
                {
                    yield return [.. piece];
                }

                piece = [at];
                (on, left) = (!on, dash);
            }

            left -= length;
            piece.Add(points[i]);
        }

        if (on)
        {
            yield return [.. piece];
        }
    }

    private double X(double x) => (offsetX + x) * scale;

    private double Y(double y) => (offsetY + y) * scale;
}
