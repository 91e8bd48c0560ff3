using System.Text.Json;
using System.Text.Json.Serialization;
using Krait.Engine;
using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>How the numbers of a picture are scaled before the network sees them.</summary>
public enum Normalization
{
    /// <summary>Min-max of the whole picture to 0..255, as the published VM-UNet code does in effect.</summary>
    MinMax255,

    /// <summary>Samples / 255, so 0..1.</summary>
    Unit,

    /// <summary>Mean 0 and deviation 1 over all samples of the picture, or over each channel of a volume.</summary>
    Standardize,

    /// <summary>Samples / 255, then the ImageNet channel means and deviations;
    /// suits encoders pretrained there.</summary>
    ImageNet,

    /// <summary>CT volumes: clipped to a range, then less a mean and divided by a deviation that all volumes
    /// share.</summary>
    Ct,

    /// <summary>The samples as they are.</summary>
    None,
}

/// <summary>How a mask comes to the training size.</summary>
public enum MaskResize
{
    /// <summary>Class of the nearest pixel: targets stay classes.</summary>
    Nearest,

    /// <summary>Binary masks only: bilinear, so targets at the border lie between 0 and 1, as in the papers.</summary>
    Bilinear,
}

/// <summary>
/// What is done to a picture or volume before the network: channels, normalisation, size. Stored in the weights file,
/// so that prediction repeats it exactly.
/// </summary>
public sealed record Preprocessing
{
    /// <summary>Height the network is fed with, pixels.</summary>
    public int Height { get; init; } = 256;

    /// <summary>Width the network is fed with, pixels.</summary>
    public int Width { get; init; } = 256;

    /// <summary>1 (grey) or 3 (RGB); any number for volumes.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Volumes: the patch that the network is fed with, voxels; of one slice for a 2-D network. Null:
    /// pictures.
    /// </summary>
    public Extent? Patch { get; init; }

    /// <summary>Volumes: the voxel size that all are brought to, mm. Null: each keeps its own.</summary>
    public VoxelSize? Spacing { get; init; }

    /// <summary>Volumes: the size that every slice is brought to by a cubic spline, masks by the nearest voxel, as the
    /// Synapse code of TransUNet does. Null: slices keep theirs.</summary>
    public SliceSize? Slices { get; init; }

    /// <summary>The numbers of <see cref="Normalization.Ct"/>;
    /// found out from the training volumes where null.</summary>
    public CtRange? Ct { get; init; }

    /// <summary>Patches of volumes rather than pictures.</summary>
    [JsonIgnore]
    public bool IsVolume => Patch is not null;

    /// <summary>What the network is fed with: a patch, or one slice of height and width.</summary>
    [JsonIgnore]
    public Extent Input => Patch ?? new Extent(1, Height, Width);

    /// <summary>Axes of the network: 3 where a patch has several slices.</summary>
    [JsonIgnore]
    public int NetworkDims => Input.D > 1 ? 3 : 2;

    /// <summary>[B, H, W, channels], or [B, D, H, W, channels] of a 3-D network.</summary>
    public Shape InputShape(int batch, int channels)
    {
        var e = Input;
        return NetworkDims == 3 ? new Shape(batch, e.D, e.H, e.W, channels) : new Shape(batch, e.H, e.W, channels);
    }

    public Normalization Normalization { get; init; } = Normalization.MinMax255;
    public MaskResize MaskResize { get; init; } = MaskResize.Nearest;

    /// <summary>The way of a volume to the grid that the network sees.</summary>
    internal VolumeGrid GridOf(VolumeGeometry native) => new(native, Spacing, Slices);

    /// <summary>Keys of the configuration's <c>preprocessing</c> section.</summary>
    public static ConfigSection<Preprocessing> Section { get; } = new ConfigSection<Preprocessing>()
        .Wholes("size", "height and width the network is fed with; one number for a square", c => [c.Height, c.Width],
            (c, v) => v.Count is 1 or 2 ? c with { Height = v[0], Width = v[^1] } :
                throw new ConfigException($"preprocessing.size: one or two numbers are needed; got {v.Count}."), low: 1)
        .Whole("channels", "channels: 1 (grey) or 3 (colour); of volumes any number", c => c.Channels,
            (c, v) => c with { Channels = v }, 1, 64)
        .Choice("normalize", "scaling of the samples", c => c.Normalization, (c, v) => c with { Normalization = v },
            ("minmax255", Normalization.MinMax255), ("unit", Normalization.Unit),
            ("standardize", Normalization.Standardize), ("imagenet", Normalization.ImageNet), ("ct", Normalization.Ct),
            ("none", Normalization.None))
        .Choice("mask_resize", "how masks come to that size", c => c.MaskResize, (c, v) => c with { MaskResize = v },
            ("nearest", MaskResize.Nearest), ("bilinear", MaskResize.Bilinear))
        .Add("patch", "volumes: slices, rows and columns the network is fed with, such as [32, 48, 32]; 1 slice for " +
            "2-D networks",
            (c, n) => c with { Patch = Extent.Read(n) }, c => Extent.Write(c.Patch))
        .Add("spacing", "volumes: voxel size in mm that all are brought to, slices first; null keeps each its own",
            (c, n) => c with { Spacing = VoxelSize.Read(n) }, c => VoxelSize.Write(c.Spacing))
        .Add("slices", "volumes: rows and columns that every slice is brought to by a cubic spline, as for Synapse; " +
            "null for none",
            (c, n) => c with { Slices = SliceSize.Read(n) }, c => SliceSize.Write(c.Slices))
        .Add("ct", "volumes: low, high, mean and deviation for normalize ct; null finds them out",
            (c, n) => c with { Ct = CtRange.Read(n) }, c => CtRange.Write(c.Ct));

    /// <summary>As JSON, for the metadata of a weights file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrainingJson.Default.Preprocessing);

    /// <exception cref="ConfigException">If the text is not such a record.</exception>
    public static Preprocessing FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TrainingJson.Default.Preprocessing)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new ConfigException($"preprocessing: the stored description cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Normalises samples [D, H, W, C] of a volume in place, each channel by itself.</summary>
    public void NormalizeVolume(Span<float> samples)
    {
        switch (Normalization)
        {
            case Normalization.MinMax255: EachChannel(samples, x => MinMax(x, 255)); break;
            case Normalization.None: break;
            case Normalization.Standardize: EachChannel(samples, x => Standardize(x)); break;
            case Normalization.Ct:
                (Ct ?? throw new InvalidOperationException("ct: its numbers are not known yet.")).Apply(samples);
                break;
            default:
                throw new ConfigException("preprocessing.normalize: volumes take standardize, ct, minmax255 or none; " +
                    $"got {Normalization.ToString().ToLowerInvariant()}.");
        }
    }

    /// <summary>Normalises samples [H, W, C] of 0..255 in place.</summary>
    public void Normalize(Span<float> samples)
    {
        switch (Normalization)
        {
            case Normalization.None: break;
            case Normalization.MinMax255: MinMax(samples, 255); break;
            case Normalization.Unit: Affine(samples, [0, 0, 0], [255, 255, 255]); break;
            case Normalization.Standardize: Standardize(samples); break;
            case Normalization.ImageNet:
                Affine(samples, [0.485 * 255, 0.456 * 255, 0.406 * 255], [0.229 * 255, 0.224 * 255, 0.225 * 255]);
                break;
            default: throw new InvalidOperationException($"normalisation {Normalization} is not one of pictures.");
        }
    }

    private void EachChannel(Span<float> samples, Action<float[]> normalize)
    {
        var one = new float[samples.Length / Channels];
        for (int c = 0; c < Channels; c++)
        {
            for (int i = 0; i < one.Length; i++) one[i] = samples[i * Channels + c];
            normalize(one);
            for (int i = 0; i < one.Length; i++) samples[i * Channels + c] = one[i];
        }
    }

    // A constant picture has no range: it becomes 0 (the published code divides 0 by 0 there).
    private static void MinMax(Span<float> x, double top)
    {
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        foreach (float v in x) (low, high) = (Math.Min(low, v), Math.Max(high, v));
        double scale = high > low ? top / ((double)high - low) : 0;
        for (int i = 0; i < x.Length; i++) x[i] = (float)((x[i] - (double)low) * scale);
    }

    private static void Standardize(Span<float> x)
    {
        double sum = 0, squares = 0;
        foreach (float v in x) sum += v;
        double mean = x.IsEmpty ? 0 : sum / x.Length;
        foreach (float v in x) squares += (v - mean) * (v - mean);
        double scale = squares > 0 ? 1 / Math.Sqrt(squares / x.Length) : 0;
        for (int i = 0; i < x.Length; i++) x[i] = (float)((x[i] - mean) * scale);
    }

    private void Affine(Span<float> x, ReadOnlySpan<double> mean, ReadOnlySpan<double> deviation)
    {
        for (int i = 0; i < x.Length; i++)
        {
            int c = Channels == 3 ? i % 3 : 0;
            x[i] = (float)((x[i] - mean[c]) / deviation[c]);
        }
    }
}

/// <summary>Source-generated JSON of the records that are stored.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Preprocessing))]
internal sealed partial class TrainingJson : JsonSerializerContext;
