using Krait.Imaging;
using Krait.Imaging.Drawing;

namespace Krait.Training.Data;

/// <summary>A class: its name, the colour it is drawn in, and the value that means it in mask files.</summary>
/// <param name="Name">Name for reports.</param>
/// <param name="Color">Colour for overlays; also the mask colour where masks are coded by colour.</param>
/// <param name="Value">Grey value or palette index in mask files; null where colour or threshold decides.</param>
public sealed record ClassInfo(string Name, Rgba Color, int? Value = null)
{
    /// <summary>A colour for class number <paramref name="index"/> that differs from its neighbours'.</summary>
    public static Rgba DefaultColor(int index) => ClassPalette.ForClasses(index + 1)[index];

    /// <summary>Background and one foreground class.</summary>
    public static IReadOnlyList<ClassInfo> Binary(string foreground = "foreground") =>
        [new("background", DefaultColor(0)), new(foreground, DefaultColor(1))];
}

/// <summary>Class maps drawn in the classes' colours.</summary>
public static class ClassDrawing
{
    /// <summary>The picture with the classes of <paramref name="labels"/> tinted and outlined; what is ignored is grey.
    /// </summary>
    public static Image Draw(this IReadOnlyList<ClassInfo> classes, Image picture, byte[] labels) =>
        Overlay.Blend(picture, Array.ConvertAll(labels, v => v == MaskCoding.Ignored ? classes.Count : v),
            [.. classes.Select(Visible), MaskCoding.IgnoredColor]);

    /// <summary>Hit, false alarm and miss in three colours; nothing where the reference is ignored.</summary>
    public static Image Compare(Image picture, byte[] reference, byte[] predicted)
    {
        int[] Counted(byte[] labels) =>
            [.. labels.Select((v, i) => reference[i] == MaskCoding.Ignored ? 0 : (int)v)];
        return Overlay.Compare(picture, Counted(reference), Counted(predicted));
    }

    // A class declared black would not be seen on dark pictures.
    private static Rgba Visible(ClassInfo c, int index) =>
        index == 0 || c.Color.R + c.Color.G + c.Color.B > 48 ? c.Color : ClassInfo.DefaultColor(index);
}
