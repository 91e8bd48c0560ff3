using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// The Synapse set as TransUNet and VM-UNet lay it out: <c>train_npz/CASE_sliceN.npz</c> to train on, volumes in
/// <c>test_vol_h5</c> (or <c>test_vol_npz</c>) for the test, each file with an image and a label, and lists of both.
/// </summary>
internal static class SynapseLayout
{
    private const string TrainFolder = "train_npz", SliceMark = "_slice";
    private static readonly string[] TestFolders = ["test_vol_npz", "test_vol_h5"];
    private static readonly string[] ListFolders = ["lists", Path.Combine("lists", "lists_Synapse"), "lists_Synapse"];

    /// <summary>The parts of such a folder; none where it is no such folder.</summary>
    /// <exception cref="ConfigException">If a list names what is not there.</exception>
    public static IReadOnlyList<DatasetPart> Find(string root) =>
        !Directory.Exists(Path.Combine(root, TrainFolder)) ? []
        : [Part(root, "train", TrainFolder, "train.txt"),
            .. TestFolders.Where(f => Directory.Exists(Path.Combine(root, f)))
            .Take(1).Select(f => Part(root, "test", f, "test_vol.txt"))];

    private static DatasetPart Part(string root, string part, string folder, string listName)
    {
        Dictionary<string, string> files = Directory.EnumerateFiles(Path.Combine(root, folder))
            .Where(VolumeFile.HasVolumeExtension).Order(StringComparer.Ordinal).ToDictionary(VolumeFile.StemOf);
        string? list = ListFolders.Select(f => Path.Combine(root, f, listName)).FirstOrDefault(File.Exists);
        string[] names = list is null ? [.. files.Keys]
            : [.. File.ReadLines(list).Select(l => l.Trim()).Where(l => l.Length > 0).Distinct()];
        // HDF5 volumes are not read; slices can be trained on without them.
        string[] others = [.. Directory.EnumerateFiles(Path.Combine(root, folder))
            .Where(f => !VolumeFile.HasVolumeExtension(f))
            .Select(f => $"{folder}/{Path.GetFileName(f)}").Order(StringComparer.Ordinal)];
        if (files.Count == 0) return new DatasetPart(part, []) { Strangers = others };
        string[] missing = [.. names.Where(n => !files.ContainsKey(n))];
        if (missing.Length > 0)
            throw new ConfigException($"{Path.GetRelativePath(root, list!)}: {missing.Length} of {names.Length} " +
                $"names have no file in {folder} that can be read, the first is {missing[0]}. Endings: " +
                $"{string.Join(", ", VolumeFile.Extensions)}.");
        return new DatasetPart(part, [.. names.Select(n => new Sample($"{folder}/{n}", files[n], files[n])
        {
            Subject = n.IndexOf(SliceMark, StringComparison.Ordinal) is > 0 and var end ? $"{folder}/{n[..end]}" : null,
        })])
        {
            Strangers = others,
        };
    }
}
