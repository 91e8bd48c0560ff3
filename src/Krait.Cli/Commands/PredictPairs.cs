using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Cli.Commands;

/// <summary>What to read and where to write.</summary>
/// <param name="Input">Picture or volume; the first file of a volume whose channels have a file each.</param>
/// <param name="More">The files of its further channels.</param>
/// <param name="Mask">The mask to write.</param>
sealed record PredictPair(string Input, IReadOnlyList<string> More, string Mask);

/// <summary>Finds out what an input and an output on the command line mean.</summary>
static class PredictPairs
{
    const string PictureEnding = ".png";
    const string VolumeEnding = ".nii.gz";

    /// <summary>The pairs; never over a file that is read.</summary>
    public static IReadOnlyList<PredictPair> Of(string input, string output)
    {
        string[] files = Files(input);
        (IReadOnlyList<string> firsts, ILookup<string, string> more) = ChannelFiles.Group(files);
        bool areVolumes = VolumeFile.HasVolumeExtension(firsts[0]);
        bool isFile = areVolumes ? VolumeFile.IsWritable(output)
            : output.EndsWith(PictureEnding, StringComparison.OrdinalIgnoreCase);
        if (isFile && firsts.Count > 1)
            throw new UsageException($"--output must be a folder for {firsts.Count} inputs; got '{output}'.");
        Directory.CreateDirectory(isFile ? Path.GetDirectoryName(Path.GetFullPath(output))! : output);
        HashSet<string> shared = [.. firsts.GroupBy(ChannelFiles.StemOf).Where(g => g.Count() > 1).Select(g => g.Key)];
        // Two inputs that differ only in their ending keep it, so that neither mask replaces the other.
        string NameOf(string file) => shared.Contains(ChannelFiles.StemOf(file))
            ? Path.GetFileName(file).Replace('.', '_')
            : ChannelFiles.StemOf(file);
        string ending = areVolumes ? VolumeEnding : PictureEnding;
        PredictPair[] pairs = [.. firsts.Select(f => new PredictPair(f, [.. more[f]],
            isFile ? Path.GetFullPath(output) : Path.Combine(Path.GetFullPath(output), NameOf(f) + ending)))];
        HashSet<string> read = [.. files.Select(Path.GetFullPath)];
        string? overwritten = pairs.Select(p => p.Mask).FirstOrDefault(read.Contains);
        return overwritten is null ? pairs
            : throw new UsageException($"--output would replace the input {overwritten}; choose another folder.");
    }

    static string[] Files(string input)
    {
        if (File.Exists(input))
            return [input];
        if (!Directory.Exists(input))
            throw new ConfigException($"{input}: no such file or folder.");
        string[] all = [.. Directory.EnumerateFiles(input).Order(StringComparer.Ordinal)];
        string[] volumes = [.. all.Where(VolumeFile.HasVolumeExtension)];
        string[] pictures = [.. all.Where(ImageFile.HasImageExtension)];
        if (volumes.Length > 0 && pictures.Length > 0)
            throw new ConfigException($"{input}: pictures or volumes, not both; got {pictures.Length} and "
                + $"{volumes.Length}.");
        return (volumes.Length > 0, pictures.Length > 0) switch
        {
            (true, _) => volumes,
            (_, true) => pictures,
            _ => throw new ConfigException($"{input}: no pictures or volumes there; endings are "
                + $"{string.Join(", ", ImageFile.Extensions.Concat(VolumeFile.Extensions))}."),
        };
    }
}
