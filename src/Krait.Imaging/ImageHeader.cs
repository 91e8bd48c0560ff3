namespace Krait.Imaging;

/// <summary>The container a picture came in, found by its first bytes and never by its name.</summary>
public enum ImageFormat
{
    Unknown,
    Png,
    Jpeg,
    Tiff,
    Bmp,
    Gif,
    WebP,
}

/// <summary>What a file says of itself, without its pixels. Width and height are those that reading gives: an EXIF
/// orientation is already applied.</summary>
public sealed record ImageHeader(ImageFormat Format, int Width, int Height, int Channels, int BitDepth);
