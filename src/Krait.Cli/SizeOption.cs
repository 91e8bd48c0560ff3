using System.CommandLine;
using System.Globalization;

namespace Krait.Cli;

/// <summary>Height and width of a picture; of a volume also the depth, else 0.</summary>
readonly record struct PictureSize(int Height, int Width, int Depth = 0)
{
    /// <summary>One number an axis for a network of so many axes; one number alone stands for all.</summary>
    /// <exception cref="UsageException">There are more or fewer numbers.</exception>
    public int[] Axes(int dims) => dims switch
    {
        2 when Depth == 0 => [Height, Width],
        3 when Depth > 0 => [Depth, Height, Width],
        3 when Height == Width => [Height, Height, Height],
        _ => throw new UsageException(
            $"--size: must be {(dims == 3 ? "n or DxHxW for volumes" : "n or HxW for pictures")}; got {this}."),
    };

    public override string ToString() => Depth == 0 ? $"{Height}x{Width}" : $"{Depth}x{Height}x{Width}";

    /// <summary>
    /// <c>--size 256</c> or <c>--size 192x256</c> (height x width); with volumes also <c>--size 32x192x256</c>.
    /// </summary>
    public static Option<PictureSize?> Option(string description, bool takesVolumes = false) => new("--size", "-s")
    {
        Description = description,
        HelpName = takesVolumes ? "n|HxW|DxHxW" : "n|HxW",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TryParse(text, out PictureSize size) && (takesVolumes || size.Depth == 0))
                return size;
            result.AddError("--size: must be such as 256 or 192x256 (height x width)"
                + $"{(takesVolumes ? ", for volumes 32x192x256 (depth first)" : "")}; got '{text}'.");
            return null;
        },
    };

    public static bool TryParse(string text, out PictureSize size)
    {
        string[] parts = text.Split('x', 'X');
        size = default;
        int depth = 0;
        if (parts.Length > 3 || !TrySide(parts[^Math.Min(2, parts.Length)], out int height)
            || !TrySide(parts[^1], out int width) || (parts.Length == 3 && !TrySide(parts[0], out depth)))
            return false;
        size = new PictureSize(height, width, depth);
        return true;
    }

    static bool TrySide(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is >= 1 and <= 65536;
}
