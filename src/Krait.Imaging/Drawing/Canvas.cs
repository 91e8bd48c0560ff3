namespace Krait.Imaging.Drawing;

/// <summary>Where a text stands with respect to its position.</summary>
public enum TextAnchor
{
    Start,
    Middle,
    End,
}

/// <summary>An RGB raster to draw on: rectangles, anti-aliased lines, text and other pictures.</summary>
public sealed class Canvas
{
    private readonly byte[] rgb;

    public Canvas(int width, int height, Rgba background)
    {
        (Width, Height) = (width, height);
        rgb = new byte[checked(width * height * 3)];
        FillRectangle(0, 0, width, height, background);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>What was drawn so far (not copied).</summary>
    public Image ToImage() => new(Width, Height, 3, rgb);

    /// <summary>Fills whole pixels, clipped to the canvas.</summary>
    public void FillRectangle(int x, int y, int width, int height, Rgba colour)
    {
        for (int i = Math.Max(0, y); i < Math.Min(Height, y + height); i++)
        {
            for (int j = Math.Max(0, x); j < Math.Min(Width, x + width); j++)
            {
                Blend(j, i, colour, 1);
            }
        }
    }

    /// <summary>Draws a one-pixel frame just inside the rectangle.</summary>
    public void DrawFrame(int x, int y, int width, int height, Rgba colour, int thickness = 1)
    {
        FillRectangle(x, y, width, thickness, colour);
        FillRectangle(x, y + height - thickness, width, thickness, colour);
        FillRectangle(x, y + thickness, thickness, height - (2 * thickness), colour);
        FillRectangle(x + width - thickness, y + thickness, thickness, height - (2 * thickness), colour);
    }

    /// <summary>Copies a picture to (x, y), alpha dropped, clipped to the canvas.</summary>
    public void DrawImage(Image image, int x, int y)
    {
        byte[] source = image.ToRgb8();
        int left = Math.Max(0, -x);
        int count = Math.Min(image.Width, Width - x) - left;
        for (int i = Math.Max(0, -y); i < Math.Min(image.Height, Height - y) && count > 0; i++)
        {
            source.AsSpan(((i * image.Width) + left) * 3, count * 3)
                .CopyTo(rgb.AsSpan((((y + i) * Width) + x + left) * 3));
        }
    }

    /// <summary>Joined line segments with round ends and joints; coordinates name pixel corners, so that (0.5, 0.5) is
    /// the middle of the first pixel.</summary>
    public void DrawPolyline(ReadOnlySpan<(double X, double Y)> points, double thickness, Rgba colour) =>
        DrawStrokes([points.ToArray()], thickness, colour);

    /// <summary>One line of text in the small stroke font; y is its base line.</summary>
    public void DrawText(
        string text, double x, double y, double size, Rgba colour, TextAnchor anchor = TextAnchor.Start)
    {
        double width = StrokeFont.Width(text, size);
        double start = anchor switch
        {
            TextAnchor.Start => x,
            TextAnchor.Middle => x - (width / 2),
            _ => x - width,
        };

        // Stems fall on pixel centres, where they are sharpest.
        (double left, double bottom) = (Math.Round(start) + 0.5, Math.Round(y) - 0.5);
        DrawStrokes(StrokeFont.Strokes(text, left, bottom, size), Math.Max(1.1, size * 0.095), colour);
    }

    /// <summary>As <see cref="DrawText"/>, turned a quarter counter-clockwise and centred on (x, y).</summary>
    public void DrawTextUpwards(string text, double x, double y, double size, Rgba colour)
    {
        double width = StrokeFont.Width(text, size);
        List<(double X, double Y)[]> strokes = StrokeFont.Strokes(text, 0, 0, size);
        List<(double X, double Y)[]> turned =
            [.. strokes.Select(s => Array.ConvertAll(s, p => (Math.Round(x) + 0.5 + p.Y, y + (width / 2) - p.X)))];
        DrawStrokes(turned, Math.Max(1.1, size * 0.095), colour);
    }

    /// <summary>Coverage of a pixel is how far it lies inside the round-ended stroke; strokes drawn together do not
    /// darken where they cross.</summary>
    private void DrawStrokes(IReadOnlyList<(double X, double Y)[]> strokes, double thickness, Rgba colour)
    {
        double reach = (thickness / 2) + 1;
        int left = Clip(strokes.SelectMany(s => s).Select(p => p.X).DefaultIfEmpty(0).Min() - reach, Width);
        int right = Clip(strokes.SelectMany(s => s).Select(p => p.X).DefaultIfEmpty(0).Max() + reach + 1, Width);
        int top = Clip(strokes.SelectMany(s => s).Select(p => p.Y).DefaultIfEmpty(0).Min() - reach, Height);
        int bottom = Clip(strokes.SelectMany(s => s).Select(p => p.Y).DefaultIfEmpty(0).Max() + reach + 1, Height);
        int columns = right - left;
        float[] coverage = new float[columns * (bottom - top)];
        foreach ((double X, double Y)[] stroke in strokes)
        {
            for (int i = 0; i < stroke.Length; i++)
            {
                (double X, double Y) from = stroke[Math.Max(0, i - 1)];
                if (i > 0 || stroke.Length == 1)
                {
                    Cover(coverage, (left, top, columns, bottom - top), from, stroke[i], thickness);
                }
            }
        }

        for (int i = 0; i < coverage.Length; i++)
        {
            if (coverage[i] > 0)
            {
                Blend(left + (i % columns), top + (i / columns), colour, coverage[i]);
            }
        }
    }

    private static void Cover(
        float[] coverage,
        (int Left, int Top, int Columns, int Rows) box,
        (double X, double Y) a,
        (double X, double Y) b,
        double thickness)
    {
        double reach = (thickness / 2) + 1;
        (double dx, double dy) = (b.X - a.X, b.Y - a.Y);
        double lengthSquared = (dx * dx) + (dy * dy);
        int top = Math.Max(0, (int)(Math.Min(a.Y, b.Y) - reach) - box.Top);
        int bottom = Math.Min(box.Rows, (int)(Math.Max(a.Y, b.Y) + reach) + 1 - box.Top);
        int left = Math.Max(0, (int)(Math.Min(a.X, b.X) - reach) - box.Left);
        int right = Math.Min(box.Columns, (int)(Math.Max(a.X, b.X) + reach) + 1 - box.Left);
        for (int i = top; i < bottom; i++)
        {
            for (int j = left; j < right; j++)
            {
                (double px, double py) = (box.Left + j + 0.5 - a.X, box.Top + i + 0.5 - a.Y);
                double along = lengthSquared > 0 ? Math.Clamp(((px * dx) + (py * dy)) / lengthSquared, 0, 1) : 0;
                double distance = Math.Sqrt(Math.Pow(px - (along * dx), 2) + Math.Pow(py - (along * dy), 2));
                float covered = (float)Math.Clamp((thickness / 2) + 0.5 - distance, 0, 1);
                ref float cell = ref coverage[(i * box.Columns) + j];
                cell = Math.Max(cell, covered);
            }
        }
    }

    private static int Clip(double value, int size) => (int)Math.Clamp(value, 0, size);

    private void Blend(int x, int y, Rgba colour, double coverage)
    {
        double alpha = coverage * colour.A / 255;
        int at = ((y * Width) + x) * 3;
        rgb[at] = Mix(rgb[at], colour.R, alpha);
        rgb[at + 1] = Mix(rgb[at + 1], colour.G, alpha);
        rgb[at + 2] = Mix(rgb[at + 2], colour.B, alpha);
    }

    private static byte Mix(byte below, byte above, double alpha) => (byte)(below + ((above - below) * alpha) + 0.5);
}
