namespace Krait.Imaging.Drawing;

/// <summary>Colours for classes and curves that stay apart for colour-blind readers.</summary>
/// <remarks>After M. Okabe and K. Ito, "Color Universal Design", 2008, with the blues and yellows first.</remarks>
public static class ClassPalette
{
    private static readonly Rgba[] Distinct =
    [
        new(0x56, 0xB4, 0xE9), new(0xE6, 0x9F, 0x00), new(0x00, 0x9E, 0x73), new(0xCC, 0x79, 0xA7),
        new(0xD5, 0x5E, 0x00), new(0x00, 0x72, 0xB2), new(0xF0, 0xE4, 0x42), new(0x99, 0x99, 0x99),
    ];

    /// <summary>Colours of <paramref name="classes"/> classes: black for class 0 (background), then distinct ones; past
    /// the eighth they come again, darker each time.</summary>
    public static Rgba[] ForClasses(int classes)
    {
        Rgba[] palette = new Rgba[classes];
        for (int i = 0; i < classes; i++)
        {
            double light = Math.Pow(0.7, (i - 1) / Distinct.Length);
            Rgba c = i == 0 ? new Rgba(0, 0, 0) : Distinct[(i - 1) % Distinct.Length];
            palette[i] = new Rgba((byte)(c.R * light), (byte)(c.G * light), (byte)(c.B * light));
        }

        return palette;
    }

    /// <summary>Colours of curves on white, dark enough to read.</summary>
    public static Rgba ForSeries(int index) => (index % 6) switch
    {
        0 => new Rgba(0x00, 0x72, 0xB2),
        1 => new Rgba(0xD5, 0x5E, 0x00),
        2 => new Rgba(0x00, 0x9E, 0x73),
        3 => new Rgba(0xB0, 0x4F, 0x8A),
        4 => new Rgba(0xC4, 0x86, 0x00),
        _ => new Rgba(0x44, 0x44, 0x44),
    };
}
