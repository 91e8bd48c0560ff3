namespace Krait.Imaging;

/// <summary>A colour of four 8-bit samples, alpha not premultiplied.</summary>
public readonly record struct Rgba(byte R, byte G, byte B, byte A = 255)
{
    /// <summary>Reads <c>#RRGGBB</c> or <c>RRGGBB</c>.</summary>
    /// <exception cref="FormatException">If the text is not six hexadecimal digits.</exception>
    public static Rgba Parse(string hex)
    {
        byte[] rgb = Convert.FromHexString(hex.TrimStart('#'));
        return rgb.Length == 3
            ? new Rgba(rgb[0], rgb[1], rgb[2])
            : throw new FormatException($"colour: six hexadecimal digits are needed; got '{hex}'.");
    }

    public override string ToString() => $"#{R:x2}{G:x2}{B:x2}";
}
