using System.Security.Cryptography;
using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Reads every file of a data folder and lists what is wrong with it.</summary>
public sealed class DatasetVerifier(Dataset data, ImageReadOptions? read = null)
{
    private const int SheetCells = 24;
    private readonly List<Finding> findings = [];
    private readonly Dictionary<string, (string Part, string Name)> seen = [];

    /// <summary>The pairs that the contact sheet shows.</summary>
    public PairSheet Sheet { get; } = new();

    /// <summary>Verifies all parts.</summary>
    /// <param name="progress">Pairs done so far.</param>
    /// <param name="cancel">Stops between pairs.</param>
    public DatasetReport Verify(IProgress<int>? progress = null, CancellationToken cancel = default)
    {
        int total = data.Parts.Sum(p => p.Samples.Count), done = 0;
        int every = Math.Max(1, (total + SheetCells - 1) / SheetCells);
        var parts = new List<PartSummary>();
        foreach (var part in data.Parts)
        {
            ReportNames(part);
            var sizes = new List<(int Width, int Height)>();
            var pixels = new long[data.Classes.Count];
            foreach (var sample in part.Samples)
            {
                cancel.ThrowIfCancellationRequested();
                Check(part, sample, sizes, pixels, onSheet: done % every == 0);
                done++;
                progress?.Report(done);
            }
            parts.Add(Summarise(part, sizes, pixels));
        }
        return new DatasetReport
        {
            Name = data.Name,
            Root = data.Root,
            Coding = data.Coding.Describe(),
            CodingIsDeclared = data.CodingIsDeclared,
            Classes = [.. data.Classes.Select(c => c.Name)],
            Parts = parts,
            Findings = findings,
        };
    }

    private void ReportNames(DatasetPart part)
    {
        foreach (string p in part.ImagesAlone)
            Add(Severity.Error, "missing_mask", p, "no mask of that name. Add it or take the image away.");
        foreach (string p in part.MasksAlone)
            Add(Severity.Error, "missing_image", p, "no image of that name. Add it or take the mask away.");
        foreach (string p in part.Ambiguous)
            Add(Severity.Error, "ambiguous", p, "the name has several partners. Keep one.");
        foreach (string p in part.Strangers)
            Add(Severity.Warning, "stranger", p, "not a picture by its ending; it is not used.");
    }

    private void Check(DatasetPart part, Sample sample, List<(int, int)> sizes, long[] pixels, bool onSheet)
    {
        if (Read(sample.ImagePath) is not { } image || Read(sample.MaskPath) is not { } mask) return;
        sizes.Add((image.Width, image.Height));
        ReportDuplicate(part, sample, image);
        if (mask.Width != image.Width || mask.Height != image.Height)
        {
            Add(Severity.Error, "size_mismatch", sample.Name,
                $"image {image.Width}x{image.Height}, mask {mask.Width}x{mask.Height}. They must be of one size.");
            return;
        }
        byte[] labels = data.Coding.Decode(mask);
        var counts = new long[256];
        foreach (byte l in labels) counts[l]++;
        if (counts[MaskCoding.Unknown] > 0)
        {
            int at = Array.IndexOf(labels, MaskCoding.Unknown);
            Add(Severity.Error, "unknown_value", sample.Name, $"{counts[MaskCoding.Unknown]} mask pixels have a value that " +
                $"no class has, the first is {mask.ClassValues()?[at]}.");
            return;
        }
        for (int c = 0; c < pixels.Length; c++) pixels[c] += counts[c];
        if (counts[0] == labels.Length) Add(Severity.Warning, "empty_mask", sample.Name, "the mask is all background.");
        if (counts[0] == 0) Add(Severity.Warning, "full_mask", sample.Name, "the mask has no background.");
        if (onSheet) Sheet.Add(sample.Name, image, labels, data.Classes);
    }

    private Image? Read(string path)
    {
        string relative = Path.GetRelativePath(data.Root, path).Replace('\\', '/');
        try
        {
            return ImageFile.Read(path, read);
        }
        catch (ImageFormatException e) when (!e.MissingDependency)
        {
            Add(Severity.Error, "unreadable", relative, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add(Severity.Error, "unreadable", relative, e.Message);
        }
        return null;
    }

    // Equal pixels in two parts make scores worthless; in one part they only waste time.
    private void ReportDuplicate(DatasetPart part, Sample sample, Image image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(image.Width));
        hash.AppendData(image.ToRgb8());
        string key = Convert.ToHexString(hash.GetHashAndReset());
        if (seen.TryAdd(key, (part.Name, sample.Name))) return;
        var (otherPart, other) = seen[key];
        bool across = otherPart != part.Name;
        Add(across ? Severity.Error : Severity.Warning, "duplicate", sample.Name, $"same pixels as {other}" +
            (across ? $": {otherPart} and {part.Name} must not share pictures." : "."));
    }

    private static PartSummary Summarise(DatasetPart part, List<(int Width, int Height)> sizes, long[] pixels)
    {
        long total = Math.Max(1, pixels.Sum());
        var order = sizes.OrderBy(s => (long)s.Width * s.Height).ToList();
        string Text(int i) => order.Count == 0 ? "-" : $"{order[i].Width}x{order[i].Height}";
        return new PartSummary(part.Name, part.Samples.Count, Text(0), Text(Math.Max(0, order.Count - 1)),
            [.. pixels.Select(p => (double)p / total)]);
    }

    private void Add(Severity severity, string kind, string path, string message) =>
        findings.Add(new Finding(severity, kind, path, message));
}
