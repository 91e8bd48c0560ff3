using System.CommandLine;
using System.Globalization;

namespace Krait.Cli;

/// <summary>Height and width of a picture.</summary>
readonly record struct PictureSize(int Height, int Width)
{
    /// <summary><c>--size 256</c> or <c>--size 192x256</c> (height x width).</summary>
    public static Option<PictureSize?> Option(string description) => new("--size", "-s")
    {
        Description = description,
        HelpName = "n|HxW",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TryParse(text, out PictureSize size))
                return size;
            result.AddError($"--size: must be such as 256 or 192x256 (height x width); got '{text}'.");
            return null;
        },
    };

    public static bool TryParse(string text, out PictureSize size)
    {
        string[] parts = text.Split('x', 'X');
        size = default;
        if (parts.Length > 2 || !TrySide(parts[0], out int height) || !TrySide(parts[^1], out int width))
            return false;
        size = new PictureSize(height, width);
        return true;
    }

    static bool TrySide(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is >= 1 and <= 65536;
}
