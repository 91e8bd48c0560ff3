namespace Krait.Imaging.Tests;

/// <summary>The small files beside the tests, and the drawing that all of them hold.</summary>
internal static class Asset
{
    public static string Path(string file) => System.IO.Path.Combine(AppContext.BaseDirectory, "Assets", file);

    public static Image Read(string file) => ImageFile.Read(Path(file));

    public static byte[] Bytes(string file) => File.ReadAllBytes(Path(file));

    /// <summary>[12, 16, 3]: see Assets/README.md.</summary>
    public static byte[] Drawing()
    {
        byte[] rgb = new byte[16 * 12 * 3];
        for (int p = 0; p < 16 * 12; p++)
        {
            (int x, int y) = (p % 16, p / 16);
            byte[] colour = x >= 8 ? [40, 40, 200] : y < 4 ? [250, 250, 250] : [200, 40, 40];
            colour.CopyTo(rgb, 3 * p);
        }

        return rgb;
    }
}
