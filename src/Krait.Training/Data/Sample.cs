namespace Krait.Training.Data;

/// <summary>An image and its mask.</summary>
/// <param name="Name">Name that reports use: the image's path below the data folder, without ending.</param>
/// <param name="ImagePath">Absolute path of the image.</param>
/// <param name="MaskPath">Absolute path of the mask.</param>
public sealed record Sample(string Name, string ImagePath, string MaskPath)
{
    /// <summary>Volumes: files of the further channels, in order (NAME_0001, NAME_0002, ...).</summary>
    public IReadOnlyList<string> MoreImages { get; init; } = [];

    /// <summary>Whom it shows, where several samples show one: they stay in one part of a split. Null:
    /// itself alone.</summary>
    public string? Subject { get; init; }
}
