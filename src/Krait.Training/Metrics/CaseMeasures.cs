using Krait.Training.Data;

namespace Krait.Training.Metrics;

/// <summary>What is measured in every case beside the overlap.</summary>
/// <param name="HasDistances">HD95, ASD, ASSD and NSD of every foreground class or region.</param>
/// <param name="HasObjects">F1 of objects of every foreground class or region; pictures only.</param>
/// <param name="Tolerance">Of the NSD, in the unit of the spacing.</param>
/// <param name="LeastIoU">From which on two objects are the same one.</param>
public sealed record CaseMeasures(bool HasDistances = false, bool HasObjects = false, double Tolerance = 2,
    double LeastIoU = 0.5)
{
    /// <summary>Scores by name, such as hd95_liver, the same names for every case;
    /// NaN where one is undefined.</summary>
    /// <param name="predicted">Class numbers.</param>
    /// <param name="reference">Class numbers.</param>
    /// <param name="regions">Foreground classes or regions. What the reference ignores is outside both masks.</param>
    /// <exception cref="ArgumentException">If a map does not fit the grid.</exception>
    public IReadOnlyList<(string Name, double Value)> Of(byte[] predicted, byte[] reference, MaskGrid grid,
        IReadOnlyList<LabelRegion> regions)
    {
        var scores = new List<(string, double)>();
        if (!HasDistances && !HasObjects) return scores;
        grid.Require("measure", predicted.Length, reference.Length);
        foreach (var region in regions)
        {
            bool[] holds = [.. Enumerable.Range(0, 256).Select(c => region.Classes.Contains(c))];
            bool[] a = Array.ConvertAll(predicted, v => holds[v]), b = Array.ConvertAll(reference, v => holds[v]);
            for (int i = 0; i < a.Length; i++) a[i] &= reference[i] != MaskCoding.Ignored;
            if (HasDistances) scores.AddRange(Distances(a, b, grid, region.Name));
            if (HasObjects && grid.Dims.Count == 2) scores.Add(($"f1_{region.Name}", ObjectF1(a, b, grid)));
        }
        return scores;
    }

    private IEnumerable<(string, double)> Distances(bool[] predicted, bool[] reference, MaskGrid grid, string name)
    {
        (predicted, reference, grid) = AroundBoth(predicted, reference, grid);
        var surface = SurfaceScores.Of(predicted, reference, grid);
        bool isNowhere = !predicted.Contains(true) && !reference.Contains(true);
        return
        [
            ($"hd95_{name}", surface.Hausdorff95), ($"asd_{name}", surface.ToReference),
            ($"assd_{name}", surface.Symmetric),
            ($"nsd_{name}", isNowhere ? double.NaN
                : NormalizedSurfaceDice.Of(predicted, reference, grid, Tolerance).Score),
        ];
    }

    private double ObjectF1(bool[] predicted, bool[] reference, MaskGrid grid)
    {
        const int Corners = 2;
        var scores = CellScores.Of(ConnectedComponents.Label(predicted, grid, Corners).Labels,
            ConnectedComponents.Label(reference, grid, Corners).Labels, grid, LeastIoU);
        return scores.PredictedCount + scores.ReferenceCount == 0 ? double.NaN : scores.F1;
    }

    /// <summary>The box that holds both masks: outside is background, so all distances are the same,
    /// and found faster.</summary>
    private static (bool[], bool[], MaskGrid) AroundBoth(bool[] a, bool[] b, MaskGrid grid)
    {
        int axes = grid.Dims.Count;
        (int h, int w) = (grid.Dims[^2], grid.Dims[^1]);
        int[] low = [int.MaxValue, int.MaxValue, int.MaxValue], high = [0, 0, 0];
        for (int i = 0; i < a.Length; i++)
        {
            if (!a[i] && !b[i]) continue;
            Widen(low, high, 0, i / (h * w));
            Widen(low, high, 1, i / w % h);
            Widen(low, high, 2, i % w);
        }
        if (high[0] == 0) return (a, b, grid);
        int[] size = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
        bool[] Cut(bool[] mask)
        {
            var part = new bool[size[0] * size[1] * size[2]];
            for (int row = 0; row < size[0] * size[1]; row++)
                mask.AsSpan((((low[0] + row / size[1]) * h) + low[1] + row % size[1]) * w + low[2], size[2])
                    .CopyTo(part.AsSpan(row * size[2]));
            return part;
        }
        return (Cut(a), Cut(b), new MaskGrid(size[(3 - axes)..], grid.Spacing));
    }

    private static void Widen(int[] low, int[] high, int axis, int at) =>
        (low[axis], high[axis]) = (Math.Min(low[axis], at), Math.Max(high[axis], at + 1));
}
