using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>nnU-Net's way of several channels: NAME_0000, NAME_0001 and so on, a file each.</summary>
public static class ChannelFiles
{
    private const int Digits = 4;

    /// <summary>The first file of every volume, and the further files by the first. Pictures stay as they are.
    /// </summary>
    public static (IReadOnlyList<string> Firsts, ILookup<string, string> More) Group(IEnumerable<string> files)
    {
        string[] all = [.. files.Order(StringComparer.Ordinal)];
        var firsts = all.Where(f => NumberOf(f) == 0).ToDictionary(KeyOf);
        string? FirstOf(string file) => NumberOf(file) > 0 ? firsts.GetValueOrDefault(KeyOf(file)) : null;
        return ([.. all.Where(f => FirstOf(f) is null)],
            all.Where(f => FirstOf(f) is not null).ToLookup(f => FirstOf(f)!));
    }

    /// <summary>Name of a volume without folder, ending and number of the channel.</summary>
    public static string StemOf(string path)
    {
        string stem = VolumeFile.StemOf(path);
        return NumberOf(path) >= 0 ? stem[..^(Digits + 1)] : stem;
    }

    // Number behind the last underscore of a volume's name; -1 if it has none.
    private static int NumberOf(string path)
    {
        string stem = VolumeFile.HasVolumeExtension(path) ? VolumeFile.StemOf(path) : "";
        return stem.Length > Digits + 1 && stem[^(Digits + 1)] == '_' && stem[^Digits..].All(char.IsAsciiDigit)
            ? int.Parse(stem[^Digits..], System.Globalization.CultureInfo.InvariantCulture) : -1;
    }

    private static string KeyOf(string path) => Path.Combine(Path.GetDirectoryName(path) ?? "", StemOf(path));
}
