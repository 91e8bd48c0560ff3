using System.IO.Compression;
using Krait.Imaging.Codecs;

namespace Krait.Imaging;

/// <summary>
/// Slices and volumes as files of two arrays, <c>image</c> and <c>label</c>: the Synapse set as TransUNet and VM-UNet
/// use it. They say nothing of space: voxels count as cubes of 1 mm, axes as slices, rows and columns.
/// </summary>
internal static class ArrayFile
{
    private const string Npz = ".npz", Image = "image", Label = "label";

    public static IReadOnlyList<string> Extensions { get; } = [Npz];

    public static bool HasExtension(string path) =>
        Extensions.Any(e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="ImageFormatException">If the file is damaged, too large,
    /// or has no such array of 2 or 3 axes.</exception>
    public static Volume Read(string path, ImageReadOptions? options)
    {
        NpyArray array = ReadArray(path, Image, options);
        return new Volume(GridOf(path, array), 1, array.Values);
    }

    /// <exception cref="ImageFormatException">As <see cref="Read"/>,
    /// or if labels are no whole numbers from 0 to 255.</exception>
    public static LabelVolume ReadLabels(string path, ImageReadOptions? options)
    {
        NpyArray array = ReadArray(path, Label, options);
        byte[] labels = new byte[array.Values.Length];
        for (int i = 0; i < labels.Length; i++) labels[i] = LabelVolume.FromNumber(path, i, array.Values[i]);
        return new LabelVolume(GridOf(path, array), labels);
    }

    private static VolumeGeometry GridOf(string path, NpyArray array) =>
        array.Shape is [.., > 0, > 0] and { Count: 2 or 3 }
        && array.Values.Length > 0
        ? new VolumeGeometry(array.Shape[^1], array.Shape[^2], array.Shape.Count == 3 ? array.Shape[0] : 1,
            Affine.Scaling(1, 1, 1))
        : throw new ImageFormatException($"{Path.GetFileName(path)}: arrays of slices have 2 axes, of volumes 3; got "
            + $"[{string.Join(", ", array.Shape)}].");

    private static NpyArray ReadArray(string path, string array, ImageReadOptions? options)
    {
        string name = $"{Path.GetFileName(path)}, {array}";
        try
        {
            using ZipArchive zip = ZipFile.OpenRead(path);
            ZipArchiveEntry entry = zip.GetEntry(array + ".npy") ?? throw new ImageFormatException(
                $"{Path.GetFileName(path)}: an array '{array}' is needed; got " +
                $"{string.Join(", ", zip.Entries.Select(e => e.Name))}.");
            using Stream stream = entry.Open();
            return NpyArray.Read(name, stream, options ?? ImageReadOptions.Default);
        }
        catch (InvalidDataException e)
        {
            throw new ImageFormatException($"{name}: the archive is damaged: {e.Message}", e);
        }
    }
}
