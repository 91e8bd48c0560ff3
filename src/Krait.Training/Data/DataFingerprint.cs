using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Krait.Training.Data;

/// <summary>
/// What tells one state of a data folder from another: a hash over every file's name, size and first 64 KiB, part by
/// part.
/// </summary>
/// <param name="Rule">How it was made, for people.</param>
/// <param name="Parts">Hash of each part's images and masks, SHA-256 in hexadecimal.</param>
/// <param name="Files">How many files there are.</param>
/// <param name="Bytes">Their size in all.</param>
public sealed record DataFingerprint(string Rule, IReadOnlyDictionary<string, string> Parts, int Files, long Bytes)
{
    private const int HeadBytes = 1 << 16;

    private const string HashRule =
        "SHA-256 over name, size and first 64 KiB of each image and mask, in the order of the split";

    /// <summary>Reads the beginnings of all files.</summary>
    public static DataFingerprint Of(Splits splits)
    {
        int files = 0;
        long bytes = 0;
        string Hash(IReadOnlyList<Sample> samples)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] head = new byte[HeadBytes];
            foreach (var sample in samples)
                foreach (string path in (string[])[sample.ImagePath, .. sample.MoreImages, sample.MaskPath])
                {
                    using var file = File.OpenRead(path);
                    hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant(
                        $"{sample.Name}/{Path.GetFileName(path)}:{file.Length};")));
                    hash.AppendData(head, 0, file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false));
                    files++;
                    bytes += file.Length;
                }
            return Convert.ToHexString(hash.GetHashAndReset());
        }
        var parts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["train"] = Hash(splits.Train),
            ["val"] = Hash(splits.Val),
            ["test"] = Hash(splits.Test),
        };
        return new DataFingerprint(HashRule, parts, files, bytes);
    }

    /// <summary>The parts whose files are others than in an earlier fingerprint.</summary>
    public IReadOnlyList<string> ChangedSince(DataFingerprint earlier) =>
        [.. Parts.Where(p => earlier.Parts.GetValueOrDefault(p.Key) != p.Value).Select(p => p.Key)];

    public string ToJson() => JsonSerializer.Serialize(this, FingerprintJson.Default.DataFingerprint);

    /// <summary>Reads what <see cref="ToJson"/> wrote; null if it is something else.</summary>
    public static DataFingerprint? FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, FingerprintJson.Default.DataFingerprint);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(DataFingerprint))]
internal sealed partial class FingerprintJson : JsonSerializerContext;
