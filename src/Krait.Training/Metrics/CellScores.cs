namespace Krait.Training.Metrics;

/// <summary>
/// Instance scores: predicted and reference objects are paired one to one so that as many pairs as possible overlap by
/// at least a threshold of IoU.
/// </summary>
/// <param name="ReferenceCount">Objects of the reference.</param>
/// <param name="PredictedCount">Objects of the prediction.</param>
/// <param name="Hits">TP: pairs.</param>
/// <param name="FalseAlarms">FP: predicted objects without partner.</param>
/// <param name="Misses">FN: reference objects without partner.</param>
/// <remarks>The evaluation of the NeurIPS 2022 cell segmentation challenge, which Swin-UMamba uses.</remarks>
public sealed record CellScores(int ReferenceCount, int PredictedCount, int Hits, int FalseAlarms, int Misses)
{
    /// <summary>Pixels from the border within which an object counts as cut by it.</summary>
    public const int BorderWidth = 2;

    public double Precision => Hits == 0 ? 0 : (double)Hits / (Hits + FalseAlarms);
    public double Recall => Hits == 0 ? 0 : (double)Hits / (Hits + Misses);
    public double F1 => Hits == 0 ? 0 : 2.0 * Hits / ((2 * Hits) + FalseAlarms + Misses);

    /// <summary>Compares maps of object numbers, [height, width], 0 being background.</summary>
    /// <param name="threshold">Least IoU of a pair.</param>
    /// <param name="countsBorder">Objects cut by the border count; else they are taken out of both maps.</param>
    /// <remarks>Parity: a prediction without any object gives 0 misses, although all objects were missed.</remarks>
    /// <exception cref="ArgumentException">If a map does not fit the grid.</exception>
    public static CellScores Of(int[] predicted, int[] reference, MaskGrid grid, double threshold,
        bool countsBorder = false, int borderWidth = BorderWidth)
    {
        grid.Require("cells", predicted.Length, reference.Length);
        (int[] a, int predictedCount) = Consecutive(predicted, grid, countsBorder ? 0 : borderWidth);
        (int[] b, int referenceCount) = Consecutive(reference, grid, countsBorder ? 0 : borderWidth);
        if (predictedCount == 0)
            return new CellScores(referenceCount, 0, 0, 0, 0);
        int hits = Pairs(Partners(a, predictedCount, b, referenceCount, threshold), referenceCount);
        return new CellScores(referenceCount, predictedCount, hits, predictedCount - hits, referenceCount - hits);
    }

    /// <summary>Objects that stay off the border, numbered from 1 on.</summary>
    static (int[] Labels, int Count) Consecutive(int[] labels, MaskGrid grid, int border)
    {
        (int height, int width) = (grid.Dims[0], grid.Dims[1]);
        var numbers = new Dictionary<int, int> { [0] = 0 };
        for (int i = 0; i < labels.Length; i++)
            if (Math.Min(Math.Min(i / width, height - 1 - (i / width)),
                Math.Min(i % width, width - 1 - (i % width))) < border)
                numbers[labels[i]] = 0;
        int count = 0;
        foreach (int label in labels.Distinct().Order())
            if (!numbers.ContainsKey(label))
                numbers[label] = ++count;
        return (Array.ConvertAll(labels, label => numbers[label]), count);
    }

    /// <summary>For every predicted object the reference objects (from 0) that it overlaps enough.</summary>
    static List<int>[] Partners(int[] a, int predicted, int[] b, int reference, double threshold)
    {
        var overlap = new Dictionary<(int, int), long>();
        var sizesA = new long[predicted + 1];
        var sizesB = new long[reference + 1];
        for (int i = 0; i < a.Length; i++)
        {
            sizesA[a[i]]++;
            sizesB[b[i]]++;
            if (a[i] != 0 && b[i] != 0)
                overlap[(a[i], b[i])] = overlap.GetValueOrDefault((a[i], b[i])) + 1;
        }
        List<int>[] partners = [.. Enumerable.Range(0, predicted).Select(_ => new List<int>())];
        foreach (((int p, int r), long both) in overlap)
            if ((double)both / (sizesA[p] + sizesB[r] - both) >= threshold)
                partners[p - 1].Add(r - 1);
        return partners;
    }

    /// <summary>Size of a largest matching, by augmenting paths.</summary>
    static int Pairs(List<int>[] partners, int reference)
    {
        int[] owner = [.. Enumerable.Repeat(-1, reference)];
        bool[] seen = [];
        bool Finds(int p)
        {
            foreach (int r in partners[p])
            {
                if (seen[r])
                    continue;
                seen[r] = true;
                if (owner[r] < 0 || Finds(owner[r]))
                {
                    owner[r] = p;
                    return true;
                }
            }
            return false;
        }
        int pairs = 0;
        for (int p = 0; p < partners.Length; p++)
        {
            seen = new bool[reference];
            pairs += Finds(p) ? 1 : 0;
        }
        return pairs;
    }
}
