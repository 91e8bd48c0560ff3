using Krait.Imaging.Codecs;

namespace Krait.Imaging;

/// <summary>The optional library behind JPEG, TIFF and WebP, for reports on the installation.</summary>
public static class Libvips
{
    public static bool IsAvailable => VipsLibrary.Path is not null;

    /// <summary>The file or system name it was loaded from, null where it is missing.</summary>
    public static string? Path => VipsLibrary.Path;

    /// <summary>Its version, as "8.18.7", null where it is missing.</summary>
    public static string? Version => VipsLibrary.Version;
}
