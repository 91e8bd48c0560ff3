using Krait.Imaging.Codecs;

namespace Krait.Imaging;

/// <summary>
/// Reads and writes NIfTI volumes: versions 1 and 2, both byte orders, .nii, .nii.gz and .hdr with .img. Compression
/// and version are found by the first bytes, never by the name. Files of arrays (.npz with image and label) are read.
/// </summary>
/// <remarks>The grid's place is the file's sform if it has one, else its qform, else voxel sizes alone, with the middle
/// at 0 and columns growing to the left, as NIfTI readers do. Lengths in metres or micrometres become millimetres.
/// </remarks>
public static class VolumeFile
{
    private const string Gz = ".gz";

    /// <summary>Endings that folder listings take for volumes.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".nii", ".nii.gz", .. ArrayFile.Extensions];

    public static bool HasVolumeExtension(string path) => IsWritable(path) || ArrayFile.HasExtension(path);

    /// <summary>Files of this kind say how large a voxel is; in others it counts as a cube of 1 mm.</summary>
    public static bool HasSpacing(string path) => !ArrayFile.HasExtension(path);

    /// <summary>The ending of a volume that is written, .nii or .nii.gz.</summary>
    public static bool IsWritable(string path) =>
        path.EndsWith(".nii", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".nii.gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>The file's name without folder, .gz and ending.</summary>
    public static string StemOf(string path)
    {
        string name = Path.GetFileName(path);
        name = name.EndsWith(Gz, StringComparison.OrdinalIgnoreCase) ? name[..^Gz.Length] : name;
        return Path.GetFileNameWithoutExtension(name);
    }

    /// <summary>Reads a volume; axes beyond the third become channels.</summary>
    /// <exception cref="ImageFormatException">If the file is damaged, larger than allowed, or of a type that is not
    /// read (complex, RGB, 128-bit).</exception>
    public static Volume Read(string path, ImageReadOptions? options = null)
    {
        if (ArrayFile.HasExtension(path))
        {
            return ArrayFile.Read(path, options);
        }

        using NiftiReader reader = new(path, options);
        var (voxels, channels) = (reader.Header.Geometry.Voxels, reader.Header.Channels);
        float[] samples = new float[(long)voxels * channels];
        long at = 0;
        reader.Read(values =>
        {
            if (channels == 1)
            {
                values.CopyTo(samples.AsSpan((int)at));
                at += values.Length;
                return;
            }

            // The file holds channel after channel.
            foreach (float v in values)
            {
                samples[(at % voxels * channels) + (at / voxels)] = v;
                at++;
            }
        });
        return new Volume(reader.Header.Geometry, channels, samples);
    }

    /// <summary>Reads a volume of whole numbers from 0 to 255.</summary>
    /// <exception cref="ImageFormatException">As <see cref="Read"/>, or if another number occurs.</exception>
    public static LabelVolume ReadLabels(string path, ImageReadOptions? options = null)
    {
        if (ArrayFile.HasExtension(path))
        {
            return ArrayFile.ReadLabels(path, options);
        }

        using NiftiReader reader = new(path, options);
        if (reader.Header.Channels != 1)
        {
            throw new ImageFormatException(
                $"{Path.GetFileName(path)}: a label volume has 3 axes; this one has {reader.Header.Channels} values "
                + "a voxel.");
        }

        byte[] labels = new byte[reader.Header.Geometry.Voxels];
        int at = 0;
        reader.Read(values =>
        {
            foreach (float v in values)
            {
                labels[at] = LabelVolume.FromNumber(path, at, v);
                at++;
            }
        });
        return new LabelVolume(reader.Header.Geometry, labels);
    }

    /// <summary>Reads the header of a NIfTI file alone.</summary>
    /// <exception cref="ImageFormatException">As <see cref="Read"/>.</exception>
    public static VolumeHeader ReadHeader(string path, ImageReadOptions? options = null)
    {
        using NiftiReader reader = new(path, options);
        return reader.Header.ToPublic();
    }

    /// <summary>Writes float32, compressed where the name ends in .gz. The file appears whole or not at all.</summary>
    public static void Write(string path, Volume volume) => AtomicFile.Write(path, file =>
        NiftiWriter.Write(file, IsCompressed(path), volume));

    /// <summary>Writes uint8, compressed where the name ends in .gz. A grid that was read from a file is written with
    /// the same affine, form codes and voxel sizes. The file appears whole or not at all.</summary>
    public static void Write(string path, LabelVolume labels) => AtomicFile.Write(path, file =>
        NiftiWriter.Write(file, IsCompressed(path), labels));

    private static bool IsCompressed(string path) => path.EndsWith(Gz, StringComparison.OrdinalIgnoreCase);
}
