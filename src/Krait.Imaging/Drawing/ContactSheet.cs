using Krait.Imaging.Transforms;

namespace Krait.Imaging.Drawing;

/// <summary>One picture of a contact sheet: its label below, a coloured frame where one is given.</summary>
public sealed record ContactSheetCell(Image Image, string Label = "", Rgba? Frame = null);

/// <summary>Many pictures on one, in a grid with labels.</summary>
public static class ContactSheet
{
    private const int Gap = 10;
    private const double LabelSize = 13;
    private const int LabelHeight = 20;
    private const int TitleHeight = 34;
    private static readonly Rgba Paper = new(255, 255, 255);
    private static readonly Rgba Ink = new(0x33, 0x33, 0x33);

    /// <summary>Draws the cells row by row; pictures are fitted into the cell and keep their proportions.</summary>
    /// <param name="cells">At least one.</param>
    /// <param name="columns">Cells in a row.</param>
    /// <param name="cellSize">Width and height of the place for a picture, in pixels.</param>
    /// <param name="title">Heading, or empty for none.</param>
    public static Image Render(
        IReadOnlyList<ContactSheetCell> cells, int columns, int cellSize = 160, string title = "")
    {
        if (cells.Count == 0 || columns < 1 || cellSize < 8)
        {
            throw new ArgumentException(
                $"contact sheet: at least a cell, a column and 8 pixels; got {cells.Count}, {columns}, {cellSize}.");
        }

        columns = Math.Min(columns, cells.Count);
        int rows = (cells.Count + columns - 1) / columns;
        int label = cells.Any(c => c.Label.Length > 0) ? LabelHeight : 0;
        int top = title.Length > 0 ? TitleHeight : 0;
        Canvas canvas = new(
            Gap + (columns * (cellSize + Gap)), top + Gap + (rows * (cellSize + label + Gap)), Paper);
        canvas.DrawText(title, Gap, 24, 17, Ink);
        for (int i = 0; i < cells.Count; i++)
        {
            int x = Gap + (i % columns * (cellSize + Gap));
            int y = top + Gap + (i / columns * (cellSize + label + Gap));
            DrawCell(canvas, cells[i], x, y, cellSize);
        }

        return canvas.ToImage();
    }

    private static void DrawCell(Canvas canvas, ContactSheetCell cell, int x, int y, int size)
    {
        Image picture = Fit(cell.Image, size);
        int left = x + ((size - picture.Width) / 2);
        int top = y + ((size - picture.Height) / 2);
        canvas.FillRectangle(x, y, size, size, new Rgba(0xF2, 0xF2, 0xF2));
        canvas.DrawImage(picture, left, top);
        if (cell.Frame is Rgba frame)
        {
            canvas.DrawFrame(x - 3, y - 3, size + 6, size + 6, frame, 3);
        }

        canvas.DrawText(Shorten(cell.Label, size), x + (size / 2), y + size + 15, LabelSize, Ink, TextAnchor.Middle);
    }

    /// <summary>Scaled to fit a square; shrinking averages, enlarging keeps pixels visible.</summary>
    private static Image Fit(Image image, int size)
    {
        double scale = (double)size / Math.Max(image.Width, image.Height);
        int width = Math.Max(1, (int)Math.Round(image.Width * scale));
        int height = Math.Max(1, (int)Math.Round(image.Height * scale));
        byte[] rgb = image.ToRgb8();
        if (scale >= 1)
        {
            byte[] large = ImageTransforms.ResizeNearest<byte>(rgb, image.Height, image.Width, 3, height, width);
            return new Image(width, height, 3, large);
        }

        float[] small = ImageTransforms.ResizeBilinear(
            Array.ConvertAll(rgb, b => (float)b), image.Height, image.Width, 3, height, width, antialias: true);
        return new Image(width, height, 3, Array.ConvertAll(small, v => (byte)Math.Clamp(v + 0.5f, 0, 255)));
    }

    /// <summary>Cuts the middle out of a label that is too long: the ends of file names tell them apart.</summary>
    private static string Shorten(string label, int width)
    {
        string shown = label;
        for (int keep = label.Length - 1; keep > 3 && StrokeFont.Width(shown, LabelSize) > width; keep--)
        {
            shown = $"{label[..(keep / 2)]}...{label[^(keep - (keep / 2))..]}";
        }

        return shown;
    }
}
