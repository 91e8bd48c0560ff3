using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>A class: its name, the colour it is drawn in, and the value that means it in mask files.</summary>
/// <param name="Name">Name for reports.</param>
/// <param name="Color">Colour for overlays; also the mask colour where masks are coded by colour.</param>
/// <param name="Value">Grey value or palette index in mask files; null where colour or threshold decides.</param>
public sealed record ClassInfo(string Name, Rgba Color, int? Value = null)
{
    private static readonly string[] Palette =
        ["000000", "e6194b", "3cb44b", "4363d8", "ffe119", "f58231", "42d4f4", "f032e6", "bfef45", "fabed4", "469990"];

    /// <summary>A colour for class number <paramref name="index"/> that differs from its neighbours'.</summary>
    public static Rgba DefaultColor(int index) =>
        Rgba.Parse(index < Palette.Length ? Palette[index] : Palette[1 + (index - 1) % (Palette.Length - 1)]);

    /// <summary>Background and one foreground class.</summary>
    public static IReadOnlyList<ClassInfo> Binary(string foreground = "foreground") =>
        [new("background", DefaultColor(0)), new(foreground, DefaultColor(1))];
}
