using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Reads every file of a data folder and lists what is wrong with it.</summary>
public sealed class DatasetVerifier(Dataset data, ImageReadOptions? read = null)
{
    private const int SheetCells = 24;
    private readonly ISampleInspector inspector = data.IsVolumes ? new VolumeInspector(data.Coding, read)
        : new PictureInspector(data.Coding, read);
    private readonly FindingList findings = new(data.Root);
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
            var sizes = new List<SeenSize>();
            var counts = new long[256];
            foreach (var sample in part.Samples)
            {
                cancel.ThrowIfCancellationRequested();
                Check(part, sample, sizes, counts, onSheet: done % every == 0);
                done++;
                progress?.Report(done);
            }
            parts.Add(Summarise(part, sizes, counts));
        }
        return new DatasetReport
        {
            Name = data.Name,
            Root = data.Root,
            Coding = data.Coding.Describe(),
            CodingIsDeclared = data.CodingIsDeclared,
            Classes = [.. data.Classes.Select(c => c.Name)],
            Regions = [.. data.Regions.Select(r =>
                new RegionSummary(r.Name, [.. r.Classes.Select(c => data.Classes[c].Name)],
                    data.Classes[r.Label].Name))],
            Parts = parts,
            Findings = findings.All,
        };
    }

    private string Elements => data.IsVolumes ? "voxels" : "pixels";

    private void ReportNames(DatasetPart part)
    {
        foreach (string p in part.ImagesAlone)
            findings.Add(Severity.Error, "missing_mask", p, "no mask of that name. Add it or take the image away.");
        foreach (string p in part.MasksAlone)
            findings.Add(Severity.Error, "missing_image", p, "no image of that name. Add it or take the mask away.");
        foreach (string p in part.Ambiguous)
            findings.Add(Severity.Error, "ambiguous", p, "the name has several partners. Keep one.");
        foreach (string p in part.Strangers)
            findings.Add(Severity.Warning, "stranger", p, "neither picture nor volume by its ending; it is not used.");
    }

    private void Check(DatasetPart part, Sample sample, List<SeenSize> sizes, long[] counts, bool onSheet)
    {
        if (inspector.Look(sample, findings) is not { } found) return;
        sizes.Add(found.Size);
        ReportDuplicate(part, sample, found.Hash);
        var labels = new long[256];
        foreach (byte l in found.Labels) labels[l]++;
        if (labels[MaskCoding.Unknown] > 0)
        {
            int at = Array.IndexOf(found.Labels, MaskCoding.Unknown);
            findings.Add(Severity.Error, "unknown_value", sample.Name,
                $"{labels[MaskCoding.Unknown]} mask {Elements} have a value that no class has, the first is " +
                $"{found.ValueAt(at)}.");
            return;
        }
        for (int c = 0; c < counts.Length; c++) counts[c] += labels[c];
        long counted = found.Labels.Length - labels[MaskCoding.Ignored];
        if (counted == 0)
            findings.Add(Severity.Warning, "ignored_mask", sample.Name,
                "all of the mask is ignored: nothing is learned from it.");
        else if (labels[0] == counted)
            findings.Add(Severity.Warning, "empty_mask", sample.Name, "the mask is all background.");
        else if (labels[0] == 0)
            findings.Add(Severity.Warning, "full_mask", sample.Name, "the mask has no background.");
        if (!onSheet) return;
        var (picture, drawn) = found.Draw();
        Sheet.Add(sample.Name, picture, drawn, data.Classes);
    }

    // Equal pixels in two parts make scores worthless; in one part they only waste time.
    private void ReportDuplicate(DatasetPart part, Sample sample, string hash)
    {
        if (seen.TryAdd(hash, (part.Name, sample.Name))) return;
        var (otherPart, other) = seen[hash];
        bool across = otherPart != part.Name;
        string samples = data.IsVolumes ? "volumes" : "pictures";
        string rule = across ? $": {otherPart} and {part.Name} must not share {samples}." : ".";
        findings.Add(across ? Severity.Error : Severity.Warning, "duplicate", sample.Name,
            $"same {Elements} as {other}{rule}");
    }

    private PartSummary Summarise(DatasetPart part, List<SeenSize> sizes, long[] counts)
    {
        long all = counts.Sum(), total = Math.Max(1, all - counts[MaskCoding.Ignored]);
        var order = sizes.OrderBy(s => s.Count).ToList();
        string Text(int i) => order.Count == 0 ? "-" : order[i].Text;
        return new PartSummary(part.Name, part.Samples.Count, Text(0), Text(Math.Max(0, order.Count - 1)),
            [.. counts.Take(data.Classes.Count).Select(p => (double)p / total)])
        {
            Ignored = counts[MaskCoding.Ignored] / (double)Math.Max(1, all),
            VoxelSizes = [.. sizes.Select(s => s.Spacing?.ToString()).OfType<string>().GroupBy(t => t)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => g.Key).Take(5)],
        };
    }
}
