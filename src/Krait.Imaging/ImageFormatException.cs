namespace Krait.Imaging;

/// <summary>A picture cannot be read or written: it is damaged, too large, of an unsupported kind, or its codec is
/// missing.</summary>
public sealed class ImageFormatException : Exception
{
    public ImageFormatException(string message)
        : base(message)
    {
    }

    public ImageFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>True when the file may be sound and an optional library (libvips) is what is missing.</summary>
    public bool MissingDependency { get; init; }
}
