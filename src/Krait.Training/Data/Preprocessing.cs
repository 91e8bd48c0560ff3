using System.Text.Json;
using System.Text.Json.Serialization;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>How the numbers of a picture are scaled before the network sees them.</summary>
public enum Normalization
{
    /// <summary>Min-max of the whole picture to 0..255, as the published VM-UNet code does in effect.</summary>
    MinMax255,

    /// <summary>Samples / 255, so 0..1.</summary>
    Unit,

    /// <summary>Mean 0 and deviation 1 over all samples of the picture.</summary>
    Standardize,

    /// <summary>Samples / 255, then the ImageNet channel means and deviations; suits encoders pretrained there.</summary>
    ImageNet,
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
/// What is done to a picture before the network: channels, normalisation, size. Stored in the weights file, so that
/// prediction repeats it exactly.
/// </summary>
public sealed record Preprocessing
{
    /// <summary>Height the network is fed with, pixels.</summary>
    public int Height { get; init; } = 256;

    /// <summary>Width the network is fed with, pixels.</summary>
    public int Width { get; init; } = 256;

    /// <summary>1 (grey) or 3 (RGB).</summary>
    public int Channels { get; init; } = 3;

    public Normalization Normalization { get; init; } = Normalization.MinMax255;
    public MaskResize MaskResize { get; init; } = MaskResize.Nearest;

    /// <summary>Keys of the configuration's <c>preprocessing</c> section.</summary>
    public static ConfigSection<Preprocessing> Section { get; } = new ConfigSection<Preprocessing>()
        .Wholes("size", "height and width the network is fed with; one number for a square", c => [c.Height, c.Width],
            (c, v) => v.Count is 1 or 2 ? c with { Height = v[0], Width = v[^1] } :
                throw new ConfigException($"preprocessing.size: one or two numbers are needed; got {v.Count}."), low: 1)
        .Choice("channels", "colour channels", c => c.Channels, (c, v) => c with { Channels = v }, ("1", 1), ("3", 3))
        .Choice("normalize", "scaling of the samples", c => c.Normalization, (c, v) => c with { Normalization = v },
            ("minmax255", Normalization.MinMax255), ("unit", Normalization.Unit),
            ("standardize", Normalization.Standardize), ("imagenet", Normalization.ImageNet))
        .Choice("mask_resize", "how masks come to that size", c => c.MaskResize, (c, v) => c with { MaskResize = v },
            ("nearest", MaskResize.Nearest), ("bilinear", MaskResize.Bilinear));

    /// <summary>As JSON, for the metadata of a weights file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrainingJson.Default.Preprocessing);

    /// <exception cref="ConfigException">If the text is not such a record.</exception>
    public static Preprocessing FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TrainingJson.Default.Preprocessing) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new ConfigException($"preprocessing: the stored description cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Normalises samples [H, W, C] of 0..255 in place.</summary>
    public void Normalize(Span<float> samples)
    {
        switch (Normalization)
        {
            case Normalization.MinMax255: MinMax(samples, 255); break;
            case Normalization.Unit: Affine(samples, [0, 0, 0], [255, 255, 255]); break;
            case Normalization.Standardize: Standardize(samples); break;
            case Normalization.ImageNet:
                Affine(samples, [0.485 * 255, 0.456 * 255, 0.406 * 255], [0.229 * 255, 0.224 * 255, 0.225 * 255]);
                break;
            default: throw new InvalidOperationException($"normalisation {Normalization} is not known.");
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
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Preprocessing))]
internal sealed partial class TrainingJson : JsonSerializerContext;
