using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>
/// Reads volumes and their labels and brings them to the network's grid: axes to RAS, voxels of the configured size,
/// then normalised over the whole volume.
/// </summary>
/// <param name="preprocessing">With a patch.</param>
/// <param name="coding">Which value is which class.</param>
/// <param name="read">Limits.</param>
/// <param name="foreground">Share of the patches that lie about a foreground voxel.</param>
public sealed class VolumeReader(Preprocessing preprocessing, MaskCoding coding, ImageReadOptions? read = null,
    double foreground = 1.0 / 3) : ISampleSource
{
    // Tools round affines to float32 or to a few digits; a tenth of a millimetre moves no label.
    private const double GridToleranceMm = 0.1;
    private readonly PatchSampler sampler = new(preprocessing, foreground);

    public Preprocessing Preprocessing { get; } = preprocessing;

    public MaskCoding Coding { get; } = coding;

    /// <summary>Volume and labels, checked against each other, on the network's grid.</summary>
    public PreparedSample Read(Sample sample)
    {
        var image = ReadImage(sample);
        byte[] labels = ReadLabels(sample, image);
        var grid = Preprocessing.GridOf(image.Geometry);
        byte[] target = grid.ToNetwork(labels);
        return new PreparedVolume(Prepare(Preprocessing, grid, image, sample.Name), Array.ConvertAll(target, v => (float)v),
            grid.Size, VoxelSize.Of(grid.Network), PreparedVolume.PlacesOf(target, Coding.Classes.Count))
        {
            Annotated = PreparedVolume.AnnotatedOf(target),
        };
    }

    /// <summary>A patch, augmented.</summary>
    public void Write(PreparedSample sample, Augmentation augmentation, int epoch, int index, Span<float> image,
        Span<float> target) => sampler.Cut((PreparedVolume)sample, augmentation, epoch, index, image, target);

    /// <summary>Reads the volume of a sample, all its channels.</summary>
    /// <exception cref="ConfigException">If files of channels differ in their grid.</exception>
    public Volume ReadImage(Sample sample) => ReadImage(sample, read);

    /// <summary>As above, of given limits.</summary>
    public static Volume ReadImage(Sample sample, ImageReadOptions? read)
    {
        var first = VolumeFile.Read(sample.ImagePath, read);
        if (sample.MoreImages.Count == 0) return first;
        Volume[] all = [first, .. sample.MoreImages.Select(p => VolumeFile.Read(p, read))];
        if (all.Any(v => v.Channels != 1 || !v.Geometry.IsNear(first.Geometry, GridToleranceMm)))
            throw new ConfigException($"{sample.Name}: files of channels have one channel each and one grid; got " +
                $"{string.Join(", ", all.Select(v => $"{v.Geometry} x {v.Channels}"))}, or affines that differ.");
        var samples = new float[first.Samples.Length * all.Length];
        for (int c = 0; c < all.Length; c++)
            for (int i = 0; i < first.Samples.Length; i++) samples[i * all.Length + c] = all[c].Samples[i];
        return new Volume(first.Geometry, all.Length, samples);
    }

    /// <summary>Classes of a sample's label volume on the volume's own grid.</summary>
    /// <exception cref="ConfigException">If sizes or axes differ or a value is no class's.</exception>
    public byte[] ReadLabels(Sample sample, Volume image)
    {
        var mask = VolumeFile.ReadLabels(sample.MaskPath, read);
        if (!IsReadable(image.Geometry, mask.Geometry) && Mismatch(image.Geometry, mask.Geometry) is { } difference)
            throw new ConfigException($"{sample.Name}: volume and labels need one grid; {difference}.");
        byte[] labels = Coding.Decode(mask.Labels);
        int unknown = Array.IndexOf(labels, MaskCoding.Unknown);
        return unknown < 0 ? labels : throw new ConfigException(
            $"{sample.Name}: label value {mask.Labels[unknown]} is no class's. Classes: {Coding.Describe()}.");
    }

    /// <summary>How two grids differ beyond what rounding does, in words; null where they do not.</summary>
    internal static string? Mismatch(VolumeGeometry image, VolumeGeometry labels) =>
        (image.Width, image.Height, image.Depth) != (labels.Width, labels.Height, labels.Depth)
            ? $"got {image} and {labels} voxels"
        : image.Affine.AxisCodes != labels.Affine.AxisCodes
            ? $"their axes grow to {image.Affine.AxisCodes} and {labels.Affine.AxisCodes}"
        : image.IsNear(labels, GridToleranceMm) ? null
            : $"their affines differ: {image.Affine} and {labels.Affine}";

    /// <summary>Same size and same axes: some tools write labels with another origin or voxel size, which a warning of
    /// verification tells; the volume's are used.</summary>
    internal static bool IsReadable(VolumeGeometry image, VolumeGeometry labels) =>
        (image.Width, image.Height, image.Depth) == (labels.Width, labels.Height, labels.Depth) &&
        image.Affine.AxisCodes == labels.Affine.AxisCodes;

    /// <summary>[D, H, W, C] of the network's grid; grey is repeated for 2-D networks of colour.</summary>
    /// <param name="name">Of the volume, for messages.</param>
    /// <exception cref="ConfigException">If the channels do not fit or voxels are no finite numbers.</exception>
    public static float[] Prepare(Preprocessing p, VolumeGrid grid, Volume image, string name = "volume")
    {
        bool isRepeated = image.Channels == 1 && p is { Channels: 3, NetworkDims: 2 };
        if (image.Channels != p.Channels && !isRepeated)
            throw new ConfigException($"{name}: the network takes {p.Channels} channels (preprocessing.channels); " +
                $"got {image.Channels}.");
        int strange = image.Samples.AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (strange >= 0)
            throw new ConfigException($"{name}: voxels must be finite numbers; got {image.Samples[strange]} at " +
                $"{strange / image.Channels}. Replace it before training.");
        float[] samples = grid.ToNetwork(image.Samples, image.Channels);
        if (isRepeated) samples = [.. samples.SelectMany(v => Enumerable.Repeat(v, p.Channels))];
        else if (ReferenceEquals(samples, image.Samples)) samples = [.. samples];
        p.NormalizeVolume(samples);
        return samples;
    }
}
