namespace Krait.Imaging;

/// <summary>Limits for reading pictures.</summary>
public sealed record ImageReadOptions
{
    /// <summary>Largest width x height accepted; checked on the header, before anything of that size is allocated.
    /// Default 268 435 456 (16384 x 16384).</summary>
    public long MaxPixels { get; init; } = 256L << 20;

    public static ImageReadOptions Default { get; } = new();
}
