using Krait.Imaging;
using Krait.Imaging.Drawing;
using Krait.Imaging.Transforms;

namespace Krait.Training.Data;

/// <summary>One picture that shows many pairs: each image with its mask drawn over it, the name below.</summary>
public sealed class PairSheet(int columns = 6, int cellSize = 176)
{
    private readonly List<ContactSheetCell> cells = [];

    public int Count => cells.Count;

    /// <summary>Adds a pair, reduced to the size of a cell.</summary>
    public void Add(string name, Image picture, byte[] labels, IReadOnlyList<ClassInfo> classes)
    {
        double scale = Math.Min(1, (double)cellSize / Math.Max(picture.Width, picture.Height));
        int width = Math.Max(1, (int)Math.Round(picture.Width * scale));
        int height = Math.Max(1, (int)Math.Round(picture.Height * scale));
        float[] rgb = Array.ConvertAll(picture.ToRgb8(), v => (float)v);
        byte[] small = Array.ConvertAll(ImageTransforms.ResizeBilinear(rgb, picture.Height, picture.Width, 3,
            height, width,
            antialias: true), v => (byte)Math.Clamp(MathF.Round(v), 0, 255));
        byte[] smallLabels = ImageTransforms.ResizeNearest<byte>(labels, picture.Height, picture.Width, 1,
            height, width);
        cells.Add(new ContactSheetCell(classes.Draw(new Image(width, height, 3, small), smallLabels), name));
    }

    /// <summary>The sheet; null if nothing was added.</summary>
    public Image? Draw(string title = "") =>
        cells.Count == 0 ? null : ContactSheet.Render(cells, columns, cellSize, title);
}
