using System.CommandLine;
using System.Globalization;
using Krait.Imaging;

namespace Krait.Cli;

/// <summary>Options of commands that read pictures.</summary>
static class ImageOptions
{
    public static readonly Option<long?> MaxPixels = new("--max-pixels")
    {
        Description = "Refuse pictures of more pixels, before anything is decoded [268435456].",
        HelpName = "n",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0)
                return value;
            result.AddError($"--max-pixels: must be a whole number of at least 1; got '{text}'.");
            return null;
        },
    };

    public static ImageReadOptions Read(CommandContext context) =>
        context.Get(MaxPixels) is { } most ? new ImageReadOptions { MaxPixels = most } : ImageReadOptions.Default;
}
