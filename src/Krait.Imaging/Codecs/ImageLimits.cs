namespace Krait.Imaging.Codecs;

/// <summary>Size rules that every reader applies to the header, before it allocates.</summary>
internal static class ImageLimits
{
    public static void Check(string name, long width, long height, int channels, ImageReadOptions options)
    {
        if (width < 1 || height < 1)
        {
            throw new ImageFormatException(
                $"{name}: width and height must be at least 1; the header says {width}x{height}. The file is damaged.");
        }

        if (width > int.MaxValue || height > int.MaxValue || width * height > options.MaxPixels)
        {
            throw new ImageFormatException(
                $"{name}: at most {options.MaxPixels} pixels are read; the header says {width}x{height}. "
                + "Raise the limit (--max-pixels) if the picture is really that large.");
        }

        if (width * height * channels > Array.MaxLength)
        {
            throw new ImageFormatException(
                $"{name}: at most {Array.MaxLength} samples are held; the header says {width}x{height}x{channels}.");
        }
    }
}
