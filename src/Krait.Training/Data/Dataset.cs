using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// A folder of images and masks, pictures or volumes: <c>{train,val,test}/{images,masks}</c>, or <c>images</c> and
/// <c>masks</c> alone, or <c>imagesTr</c> and <c>labelsTr</c> (with <c>Val</c> and <c>Ts</c>) as nnU-Net has them, or
/// <c>train_npz</c> and <c>test_vol_h5</c> as TransUNet has Synapse.
/// </summary>
public sealed class Dataset
{
    private static readonly string[] ImageFolders = ["images", "image", "imgs", "img"];
    private static readonly string[] MaskFolders =
        ["masks", "mask", "labels", "label", "groundtruth", "gt", "annotations", "1st_manual"];

    private static readonly (string Split, string[] Folders)[] SplitFolders =
        [("train", ["train", "training"]), ("val", ["val", "valid", "validation"]), ("test", ["test", "testing"])];

    private static readonly (string Split, string Images, string Masks)[] NnUnetFolders =
        [("train", "imagestr", "labelstr"), ("val", "imagesval", "labelsval"), ("test", "imagests", "labelsts")];

    private Dataset(string root, IReadOnlyList<DatasetPart> parts, DatasetDescription description, MaskCoding coding,
        bool codingIsDeclared)
    {
        (Root, Parts, Coding, CodingIsDeclared) = (root, parts, coding, codingIsDeclared);
        Regions = description.ResolveRegions();
        Name = description.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(root));
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Root { get; }

    public string Name { get; }

    /// <summary>The parts found: train, val, test, or one named "all".</summary>
    public IReadOnlyList<DatasetPart> Parts { get; }

    /// <summary>The samples are volumes.</summary>
    public bool IsVolumes => Parts.Any(p => p.Samples.Any(s => VolumeFile.HasVolumeExtension(s.ImagePath)));

    public MaskCoding Coding { get; }

    /// <summary>Declared in dataset.yaml; otherwise found out by <see cref="MaskSurvey"/>.</summary>
    public bool CodingIsDeclared { get; }

    public IReadOnlyList<ClassInfo> Classes => Coding.Classes;

    /// <summary>What is learned and scored instead of classes; none unless declared.</summary>
    public IReadOnlyList<LabelRegion> Regions { get; }

    /// <summary>Outputs of the network: one a region; else 1 for two classes (a logit of the foreground), or one a
    /// class.
    /// </summary>
    public int Outputs => Regions.Count > 0 ? Regions.Count : Classes.Count == 2 ? 1 : Classes.Count;

    /// <summary>Samples of a part; empty where there is none of that name.</summary>
    public IReadOnlyList<Sample> this[string part] => Parts.FirstOrDefault(p => p.Name == part)?.Samples ?? [];

    /// <summary>Opens a folder: finds parts, pairs by name, reads dataset.yaml or finds out the mask coding.</summary>
    /// <exception cref="ConfigException">If there is no such folder, no pictures,
    /// or the coding is not clear.</exception>
    public static Dataset Open(string root, ImageReadOptions? read = null)
    {
        root = Path.GetFullPath(root);
        if (!Directory.Exists(root)) throw new ConfigException($"{root}: no such data folder.");
        var parts = FindParts(root);
        if (parts.Count == 0)
            throw new ConfigException($"{root}: no pictures or volumes found; expected " +
                $"{{train,val,test}}/{{images,masks}}, images and masks, or imagesTr and labelsTr. Found: " +
                $"{Listing(root)}.");
        Sample[] samples = [.. parts.SelectMany(p => p.Samples)];
        int volumes = samples.Count(s => VolumeFile.HasVolumeExtension(s.ImagePath));
        if (volumes > 0 && volumes < samples.Length)
            throw new ConfigException($"{root}: pictures or volumes, not both; got {samples.Length - volumes} and " +
                $"{volumes}.");
        var description = DatasetDescription.Find(root) ?? (volumes > 0 ? DatasetJson.Find(root) : null) ?? new();
        var coding = description.Coding() ?? FindCoding(samples, volumes > 0, description, read);
        return new Dataset(root, parts, description, coding, description.Masks is not null);
    }

    private static List<DatasetPart> FindParts(string root)
    {
        var parts = SynapseLayout.Find(root).ToList();
        foreach (var (split, folders) in SplitFolders)
            if (Child(root, folders) is { } folder && FindPart(root, folder, split) is { } part) parts.Add(part);
        foreach (var (split, images, masks) in NnUnetFolders)
            if (Child(root, [images]) is { } folder && Child(root, [masks]) is { } labels)
                parts.Add(PartOf(root, split, folder, labels));
        if (parts.Count == 0 && FindPart(root, root, DatasetPart.Undivided) is { } all) parts.Add(all);
        return parts;
    }

    private static DatasetPart? FindPart(string root, string folder, string name) =>
        Child(folder, ImageFolders) is { } images ? PartOf(root, name, images, Child(folder, MaskFolders)) : null;

    private static DatasetPart PartOf(string root, string name, string images, string? masks)
    {
        var (firsts, channels) = ChannelFiles.Group(Pictures(images));
        var match = PairMatcher.Match(firsts, masks is null ? [] : Pictures(masks));
        string[] strange = [.. Strangers(images), .. masks is null ? [] : Strangers(masks)];
        string Relative(string path) => Path.GetRelativePath(root, path).Replace('\\', '/');
        string NameOf(string path) => Path.ChangeExtension(Relative(VolumeFile.HasVolumeExtension(path)
            ? Path.Combine(Path.GetDirectoryName(path)!, VolumeFile.StemOf(path) + ".nii") : path), null);
        return new DatasetPart(name, [.. match.Pairs.Select(p => new Sample(NameOf(p.Image), p.Image, p.Mask)
        {
            MoreImages = [.. channels[p.Image]],
        })])
        {
            ImagesAlone = [.. match.ImagesAlone.Select(Relative)],
            MasksAlone = [.. match.MasksAlone.Select(Relative)],
            Ambiguous = [.. match.Ambiguous.Select(Relative)],
            Strangers = [.. strange.Select(Relative)],
        };
    }

    private static MaskCoding FindCoding(Sample[] all, bool areVolumes, DatasetDescription description,
        ImageReadOptions? read)
    {
        var found = areVolumes ? LabelSurvey.Of(Look(all, path => VolumeFile.ReadLabels(path, read)))
            : MaskSurvey.Of(Look(all, path => ImageFile.Read(path, read)));
        if (description.Classes.Count == 0) return found;
        if (description.Classes.Count != found.Classes.Count)
            throw new ConfigException($"{DatasetDescription.FileName}: {description.Classes.Count} classes are " +
                $"declared, the masks show {found.Classes.Count} ({found.Describe()}). Declare `masks:` as well.");
        return found with
        {
            Classes = [.. found.Classes.Zip(description.Classes, (f, d) => f with { Name = d.Name })],
        };
    }

    private static List<T> Look<T>(Sample[] all, Func<string, T> readMask)
    {
        int step = Math.Max(1, all.Length / 24);
        var seen = new List<T>();
        for (int i = 0; i < all.Length; i += step)
        {
            try
            {
                seen.Add(readMask(all[i].MaskPath));
            }
            catch (ImageFormatException e) when (!e.MissingDependency)
            {
                // A damaged mask is the verifier's to report; the survey looks at the others.
            }
        }
        return seen;
    }

    private static string? Child(string folder, string[] names) => Directory.EnumerateDirectories(folder)
        .Where(d => names.Contains(Path.GetFileName(d).ToLowerInvariant()))
        .MinBy(d => Array.IndexOf(names, Path.GetFileName(d).ToLowerInvariant()));

    private static IEnumerable<string> Pictures(string folder) =>
        Directory.EnumerateFiles(folder).Where(f => IsSample(f) && !IsHidden(f));

    private static IEnumerable<string> Strangers(string folder) =>
        Directory.EnumerateFiles(folder).Where(f => !IsSample(f) && !IsHidden(f))
            .Order(StringComparer.Ordinal);

    private static bool IsSample(string path) =>
        ImageFile.HasImageExtension(path) || VolumeFile.HasVolumeExtension(path);

    private static bool IsHidden(string path) => Path.GetFileName(path) is "Thumbs.db" or ['.', ..];

    private static string Listing(string root)
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(root).Select(x => Path.GetFileName(x)!).Order()
            .Take(8)];
        return names.Length == 0 ? "nothing" : string.Join(", ", names);
    }
}

/// <summary>One part of a data folder, with what could not be paired (paths below the data folder).</summary>
public sealed record DatasetPart(string Name, IReadOnlyList<Sample> Samples)
{
    /// <summary>Name of the only part of a folder that has no split.</summary>
    public const string Undivided = "all";

    public IReadOnlyList<string> ImagesAlone { get; init; } = [];
    public IReadOnlyList<string> MasksAlone { get; init; } = [];
    public IReadOnlyList<string> Ambiguous { get; init; } = [];

    /// <summary>Files that are no pictures by their ending.</summary>
    public IReadOnlyList<string> Strangers { get; init; } = [];
}
