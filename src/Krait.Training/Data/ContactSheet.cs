using Krait.Imaging;
using Krait.Imaging.Transforms;

namespace Krait.Training.Data;

/// <summary>One picture that shows many pairs: each image beside itself with its mask drawn over it.</summary>
public sealed class ContactSheet(int columns = 6, int cell = 112)
{
    private const int Gap = 4;
    private readonly List<(byte[] Plain, byte[] Marked)> cells = [];

    public int Count => cells.Count;

    /// <summary>Adds a pair.</summary>
    public void Add(Image picture, byte[] labels, IReadOnlyList<ClassInfo> classes)
    {
        double scale = (double)cell / Math.Max(picture.Width, picture.Height);
        int width = Math.Max(1, (int)Math.Round(picture.Width * scale));
        int height = Math.Max(1, (int)Math.Round(picture.Height * scale));
        float[] rgb = Array.ConvertAll(picture.ToRgb8(), v => (float)v);
        byte[] small = Array.ConvertAll(ImageTransforms.ResizeBilinear(rgb, picture.Height, picture.Width, 3, height, width,
            antialias: true), v => (byte)Math.Clamp(MathF.Round(v), 0, 255));
        byte[] smallLabels = ImageTransforms.ResizeNearest<byte>(labels, picture.Height, picture.Width, 1, height, width);
        var plain = new Image(width, height, 3, small);
        cells.Add((Framed(plain), Framed(Overlay.Draw(plain, smallLabels, classes))));
    }

    /// <summary>The sheet; null if nothing was added.</summary>
    public Image? Draw()
    {
        if (cells.Count == 0) return null;
        int across = Math.Min(columns, cells.Count), down = (cells.Count + across - 1) / across;
        int width = across * (2 * cell + Gap) + Gap, height = down * (cell + Gap) + Gap;
        var rgb = new byte[width * height * 3];
        rgb.AsSpan().Fill(255);
        for (int n = 0; n < cells.Count; n++)
        {
            int x = Gap + n % across * (2 * cell + Gap), y = Gap + n / across * (cell + Gap);
            for (int row = 0; row < cell; row++)
            {
                int to = ((y + row) * width + x) * 3;
                cells[n].Plain.AsSpan(row * cell * 3, cell * 3).CopyTo(rgb.AsSpan(to));
                cells[n].Marked.AsSpan(row * cell * 3, cell * 3).CopyTo(rgb.AsSpan(to + cell * 3));
            }
        }
        return new Image(width, height, 3, rgb);
    }

    // Centred on a grey square.
    private byte[] Framed(Image picture)
    {
        var square = new byte[cell * cell * 3];
        square.AsSpan().Fill(40);
        int x = (cell - picture.Width) / 2, y = (cell - picture.Height) / 2;
        for (int row = 0; row < picture.Height; row++)
            picture.Bytes.AsSpan(row * picture.Width * 3, picture.Width * 3).CopyTo(square.AsSpan(((y + row) * cell + x) * 3));
        return square;
    }
}
