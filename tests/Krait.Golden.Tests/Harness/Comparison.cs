using System.Globalization;

namespace Krait.Golden.Tests.Harness;

/// <summary>Collects what differs in a case, so that one failure tells all of it.</summary>
internal sealed class Comparison
{
    const int MaxLines = 40;

    readonly List<string> _failures = [];

    /// <summary>How many tensors and numbers were compared.</summary>
    public int Compared { get; private set; }

    public bool Failed => _failures.Count > 0;

    public void Fail(string what) => _failures.Add(what);

    public void Require(bool holds, string what)
    {
        Compared++;
        if (!holds)
            Fail(what);
    }

    /// <summary>max|a-b| / max|b| over the tensor is at most the tolerance.</summary>
    public void Tensor(string name, ReadOnlySpan<float> got, HostArray expected, double tolerance)
    {
        double scale = 0;
        foreach (float b in expected.Data)
            scale = Math.Max(scale, Math.Abs(b));
        Elements(name, got, expected, _ => tolerance * scale, $"{Text(tolerance)} of the largest, {Text(scale)}");
    }

    /// <summary>|a-b| is at most abs + rel |b| for every element.</summary>
    public void Close(string name, ReadOnlySpan<float> got, HostArray expected, double abs, double rel) =>
        Elements(name, got, expected, b => abs + (rel * Math.Abs(b)), $"{Text(abs)} + {Text(rel)} |b|");

    /// <summary>|a-b| is at most abs + rel |b|.</summary>
    public void Number(string name, double got, double expected, double abs, double rel = 0)
    {
        Compared++;
        double difference = Math.Abs(got - expected);
        if (!(difference <= abs + (rel * Math.Abs(expected))))
            Fail($"{name}: got {Text(got)}, expected {Text(expected)}; off by {Text(difference)}, tolerance "
                + $"{Text(abs)} + {Text(rel)} |b|");
    }

    /// <summary>|a-b| is at most abs + rel |b| for all but so many pixels,
    /// which may take either of two values.</summary>
    public void Pixels(string name, ReadOnlySpan<double> got, ReadOnlySpan<double> expected, double abs, double rel,
        int free)
    {
        Compared++;
        if (got.Length != expected.Length)
        {
            Fail($"{name}: has {got.Length} pixels, expected {expected.Length}");
            return;
        }
        int bad = 0, worst = 0;
        for (int i = 0; i < got.Length; i++)
        {
            if (Math.Abs(got[i] - expected[i]) > Math.Abs(got[worst] - expected[worst]))
                worst = i;
            if (!(Math.Abs(got[i] - expected[i]) <= abs + (rel * Math.Abs(expected[i]))))
                bad++;
        }
        if (bad > free)
            Fail($"{name}: {bad} of {got.Length} pixels differ ({free} may); worst at {worst}: got {Text(got[worst])}, "
                + $"expected {Text(expected[worst])}; tolerance {Text(abs)} + {Text(rel)} |b|");
    }

    /// <summary>No element is larger than the bound: a gradient that is zero on paper.</summary>
    public void Vanishes(string name, ReadOnlySpan<float> got, double bound)
    {
        Compared++;
        for (int i = 0; i < got.Length; i++)
            if (!(Math.Abs(got[i]) <= bound))
            {
                Fail($"{name}: is zero on paper; got {Text(got[i])} at {i}, bound {Text(bound)}");
                return;
            }
    }

    /// <summary>Fails the test when anything differs.</summary>
    public void ThrowIfFailed(string title)
    {
        if (!Failed)
            return;
        IEnumerable<string> shown = _failures.Take(MaxLines);
        string rest = _failures.Count > MaxLines ? $"\n  ... and {_failures.Count - MaxLines} more" : "";
        Assert.Fail($"{title}: {_failures.Count} of {Compared} comparisons failed\n  " +
            $"{string.Join("\n  ", shown)}{rest}");
    }

    void Elements(string name, ReadOnlySpan<float> got, HostArray expected, Func<double, double> bound, string rule)
    {
        Compared++;
        if (got.Length != expected.Data.Length)
        {
            Fail($"{name}: has {got.Length} elements, expected {expected.Data.Length} "
                + $"[{string.Join(", ", expected.Dims)}]");
            return;
        }
        int worst = -1, bad = 0;
        double most = 0;
        for (int i = 0; i < got.Length; i++)
        {
            double b = expected.Data[i], difference = Math.Abs(got[i] - b);
            if (got[i].Equals(expected.Data[i]) || difference <= bound(b))
                continue;
            bad++;
            double excess = double.IsNaN(difference) ? double.PositiveInfinity : difference - bound(b);
            if (worst < 0 || excess > most)
                (worst, most) = (i, excess);
        }
        if (worst < 0)
            return;
        double off = Math.Abs((double)got[worst] - expected.Data[worst]);
        double scale = expected.Data.Max(b => Math.Abs((double)b));
        Fail($"{name} [{string.Join(", ", expected.Dims)}]: {bad} of {got.Length} differ; worst at "
            + $"[{string.Join(", ", Index(worst, expected.Dims))}]: got {Text(got[worst])}, expected "
            + $"{Text(expected.Data[worst])}; off by {Text(off)} = {Text(off / scale)} of the largest; tolerance " +
            $"{rule}");
    }

    static int[] Index(int flat, int[] dims)
    {
        var index = new int[dims.Length];
        for (int i = dims.Length - 1; i >= 0; i--)
            (flat, index[i]) = Math.DivRem(flat, dims[i]);
        return index;
    }

    static string Text(double number) => number.ToString("G6", CultureInfo.InvariantCulture);
}
