using System.Globalization;

namespace Krait.Imaging.Drawing;

/// <summary>A small font of straight strokes for labels in pictures: ASCII, proportional, any size. Everything else
/// is drawn as a question mark.</summary>
/// <remarks>A glyph is strokes of points "xy" on a grid of 4 x 8: y 2 is the base line, 6 the height of small letters,
/// 8 that of capitals.</remarks>
internal static class StrokeFont
{
    private const double UnitsPerEm = 8.6;

    private const string Table = """
        A 0206284642 0444  B 02083847463505 3544433202  C 4738180703123243  D 02083847433202
        E 48080242 0535  F 480802 0535  G 47381807031232434525  H 0208 4248 0545  I 0222 0828 1218
        J 4843321203  K 0208 4804 1542  L 080242  M 0208254842  N 02084248  O 120307183847433212
        P 02083847463505  Q 120307183847433212 2442  R 02083847463505 2542  S 473818070615354443321203
        T 0848 2822  U 080312324348  V 082248  W 0812263248  X 0248 0842  Y 082548 2522  Z 08480242
        a 4642 4536160503123243  b 0802 0516364543321203  c 4536160503123243  d 4842 4536160503123243
        e 04444536160503123243  f 38281712 0636  g 46413010 4536160503123243  h 0802 0516364542  i 0206 0808
        j 161100 1818  k 0208 3603 1432  l 080312  m 0206 0516263532 3546566562  n 0206 0516364542
        o 120305163645433212  p 0006 0516364543321203  q 4640 4536160503123243  r 0206 051636
        s 45361605143443321203  t 18132232 0636  u 0603123243 4642  v 062246  w 0612253246  x 0246 0642
        y 0622 4610  z 06460242  0 120307183847433212  1 072822 0242  2 07183847460242
        3 07183847463515 3544433212 1203  4 32380444  5 480805354443321203  6 473818070312324344351504
        7 084812  8 15060718384746351504031232434435  9 031232434738180706153546  . 0202  , 1201
        : 0202 0505  ; 1201 1515  - 0535  _ 0141  + 0545 2327  = 0444 0646  / 0248  \ 0842  | 0109
        ( 18070312  ) 08171302  [ 18080212  ] 08181202  { 28171605141322  } 08171625141302  < 470543
        > 074503  % 0248 0708181707 3233434232  # 1218 3238 0444 0646  * 2327 0446 0644  ' 0807  " 0807 1817
        ! 0804 0202  ? 07183847462423 2222  @ 43321203071838474424264642  ^ 062846  ~ 05163445  ` 0817
        $ 473818070615354443321203 2129  & 4206071827260403123244
        """;

    private static readonly Dictionary<char, string> Glyphs = ReadTable();

    /// <summary>Length of a line of text in pixels at <paramref name="size"/> pixels an em.</summary>
    public static double Width(string text, double size) =>
        text.Length == 0 ? 0 : (text.Sum(Advance) - 2) * size / UnitsPerEm;

    /// <summary>The strokes of a line of text whose base line starts at (x, y).</summary>
    public static List<(double X, double Y)[]> Strokes(string text, double x, double y, double size)
    {
        double unit = size / UnitsPerEm;
        List<(double X, double Y)[]> strokes = [];
        foreach (char c in text)
        {
            foreach (string stroke in Glyph(c).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                (double X, double Y)[] points = new (double X, double Y)[stroke.Length / 2];
                for (int i = 0; i < points.Length; i++)
                {
                    points[i] = (x + (Digit(stroke[2 * i]) * unit), y - ((Digit(stroke[(2 * i) + 1]) - 2) * unit));
                }

                strokes.Add(points);
            }

            x += Advance(c) * unit;
        }

        return strokes;
    }

    /// <summary>Entries are set apart by two spaces: the character, a space, its strokes.</summary>
    private static Dictionary<char, string> ReadTable()
    {
        Dictionary<char, string> glyphs = new() { [' '] = "" };
        foreach (string entry in Table.Split(["  ", "\n"], StringSplitOptions.RemoveEmptyEntries))
        {
            glyphs[entry[0]] = entry[2..];
        }

        return glyphs;
    }

    private static string Glyph(char c) => Glyphs.GetValueOrDefault(c) ?? Glyphs['?'];

    private static int Digit(char c) => CharUnicodeInfo.GetDigitValue(c);

    private static int Advance(char c)
    {
        string glyph = Glyph(c).Replace(" ", "", StringComparison.Ordinal);
        int widest = 0;
        for (int i = 0; i < glyph.Length; i += 2)
        {
            widest = Math.Max(widest, Digit(glyph[i]));
        }

        return glyph.Length == 0 ? 4 : widest + 2;
    }
}
