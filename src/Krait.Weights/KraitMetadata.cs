using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Krait.Weights;

/// <summary>A class of the masks.</summary>
/// <param name="Name">As shown to people.</param>
/// <param name="Color">"#rrggbb", the colour in overlays and colour masks.</param>
public sealed record MaskClass(string Name, string Color);

/// <summary>A union of classes that an output of the network stands for.</summary>
/// <param name="Name">As shown to people.</param>
/// <param name="Classes">Numbers of its classes.</param>
/// <param name="Label">The class that it becomes in a label map where no later region lies.</param>
public sealed record MaskRegion(string Name, IReadOnlyList<int> Classes, int Label);

/// <summary>
/// What a Krait weights file says about itself, so that prediction needs nothing else. It lies as JSON under the key
/// "krait" of the safetensors metadata, beside "format" = "krait".
/// </summary>
public sealed record KraitMetadata
{
    /// <summary>The newest layout that this version writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    const string Key = "krait";

    [JsonRequired]
    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>Model id, such as "vmunetv2".</summary>
    public required string Model { get; init; }

    // The generated reader passes null for what a file leaves out, hence the defaults on both sides.

    /// <summary>All options of the model, resolved.</summary>
    public JsonObject Options { get; init => field = value ?? []; } = [];

    /// <summary>How a picture becomes the network's input: sizes, resizing, normalisation.</summary>
    public JsonObject Preprocessing { get; init => field = value ?? []; } = [];

    /// <summary>The classes in the order of the mask values, background first where there is one.</summary>
    public IReadOnlyList<MaskClass> Classes { get; init => field = value ?? []; } = [];

    /// <summary>What the outputs of the network stand for instead of classes; none where it learned classes.</summary>
    public IReadOnlyList<MaskRegion> Regions { get; init => field = value ?? []; } = [];

    /// <summary>Height and width of the pictures in training; more axes for volumes.</summary>
    public IReadOnlyList<int> TrainingSize { get; init => field = value ?? []; } = [];

    /// <summary>SHA-256 of the file that the weights were converted from; null for weights trained by Krait.</summary>
    public string? SourceSha256 { get; init; }

    /// <summary>The version of Krait that wrote the file.</summary>
    public string KraitVersion { get; init => field = value ?? "unknown"; } =
        typeof(KraitMetadata).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <summary>Entries for the metadata of a safetensors file.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata() => new Dictionary<string, string>
    {
        ["format"] = Key,
        [Key] = JsonSerializer.Serialize(this, MetadataJson.Default.KraitMetadata),
    };

    /// <summary>The metadata of a Krait weights file.</summary>
    /// <exception cref="WeightsException">If the file carries none, or was written by a newer Krait.</exception>
    public static KraitMetadata Read(TensorFile file) => TryRead(file) ?? throw new WeightsException(
        $"read {file.FileName}: this is no Krait weights file: it does not say which model it belongs to, nor how " +
        $"pictures are prepared. Say so once: krait convert {file.FileName} NEW.safetensors --model ID --size N " +
        "--normalize KIND, with --classes, --channels and --option name=value as it was trained.");

    /// <summary>As <see cref="Read"/>, but null when the file carries no Krait metadata.</summary>
    /// <exception cref="WeightsException">If the metadata is damaged or was written by a newer Krait.</exception>
    public static KraitMetadata? TryRead(TensorFile file) =>
        file.Metadata.TryGetValue(Key, out var json) ? Parse(file.FileName, json) : null;

    static KraitMetadata Parse(string file, string json)
    {
        try
        {
            // The version first: a newer layout may lack or add fields.
            using (var document = JsonDocument.Parse(json))
                if (document.RootElement.ValueKind == JsonValueKind.Object
                    && document.RootElement.TryGetProperty("format_version", out var version)
                    && version.TryGetInt32(out var number) && number > CurrentFormatVersion)
                    throw new WeightsException($"read {file}: weights files up to format {CurrentFormatVersion} are " +
                        $"read; this one has format {number}. Update Krait.");
            return JsonSerializer.Deserialize(json, MetadataJson.Default.KraitMetadata)
                ?? throw new JsonException("null in place of an object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new WeightsException($"read {file}: the Krait metadata is damaged; {e.Message.TrimEnd('.')}. " +
                "Convert or save the file again.", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(KraitMetadata))]
sealed partial class MetadataJson : JsonSerializerContext;
