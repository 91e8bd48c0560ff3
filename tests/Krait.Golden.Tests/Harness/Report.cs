using System.Globalization;
using System.Text;
using Krait.Engine.Kernels.Simd;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Krait.Golden.Tests.Harness;

/// <summary>Counts what ran by kind and prints it when all cases are through.</summary>
public sealed class Report : IDisposable
{
    readonly IMessageSink _sink;
    readonly SortedDictionary<string, int> _ran = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, int> _others = new(StringComparer.Ordinal);
    readonly List<(double Milliseconds, string Row)> _times = [];

    public Report(IMessageSink sink) => _sink = sink;

    /// <summary>A case or an item ran (well or not) on the device that users get.</summary>
    internal void Ran(CaseEntry entry)
    {
        foreach (string kind in entry.ItemKinds.Count > 0 ? entry.ItemKinds : [entry.Kind])
            _ran[kind] = _ran.GetValueOrDefault(kind) + 1;
    }

    /// <summary>A case ran once more with another instruction set.</summary>
    public void RanOn(string level) => _others[level] = _others.GetValueOrDefault(level) + 1;

    /// <summary>How long a case took, in milliseconds.</summary>
    public void Took(string row, double milliseconds) => _times.Add((milliseconds, row));

    public void Dispose()
    {
        string text = Text();
        string forced = Environment.GetEnvironmentVariable(SimdLevels.Variable) is { Length: > 0 }
            ? $"-{Devices.Default}" : "";
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, $"golden-report{forced}.txt"), text);
        _sink.OnMessage(new DiagnosticMessage(text));
    }

    string Text()
    {
        var all = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string kind in GoldenRoot.Entries.SelectMany(e => e.ItemKinds.Count > 0 ? e.ItemKinds : [e.Kind]))
            all[kind] = all.GetValueOrDefault(kind) + 1;
        var text = new StringBuilder($"golden cases of {GoldenRoot.Folder}\n");
        Line(text, "kind", "ran", "not chosen");
        foreach ((string kind, int count) in all)
            Line(text, kind, _ran.GetValueOrDefault(kind), count - _ran.GetValueOrDefault(kind));
        int total = _ran.Values.Sum();
        Line(text, "all", total, all.Values.Sum() - total);
        foreach ((string level, int count) in _others)
            text.Append($"  once more with {level}: {count} cases\n");
        foreach ((double milliseconds, string row) in _times.OrderDescending().Take(5))
            text.Append(CultureInfo.InvariantCulture, $"  slow: {row} {milliseconds:F0} ms\n");
        return text.ToString();
    }

    static void Line(StringBuilder text, string kind, object ran, object rest) =>
        text.Append($"  {kind,-28}{ran,8}{rest,12}\n");
}
