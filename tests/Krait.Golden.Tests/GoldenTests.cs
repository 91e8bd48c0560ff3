using System.Diagnostics;
using Krait.Engine.Kernels.Simd;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests;

/// <summary>Every case of the golden folder by what its case.json says: kind, args, wrapper, layouts,
/// tolerance.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTests(Report report) : IClassFixture<Report>
{
    /// <summary>One row a case; cases of the engine once more for each narrower instruction set.</summary>
    public static IEnumerable<object[]> Cases() =>
        from level in Devices.Others.Prepend(Devices.Default)
        from e in GoldenRoot.Entries
        where level == Devices.Default || Kinds.UsesEngine(e.Kind)
        select new object[] { e.Name, level.ToString() };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_matches(string name, string level)
    {
        using var test = new GoldenCase(name);
        SimdLevel simd = Enum.Parse<SimdLevel>(level);
        if (simd == Devices.Default)
            report.Ran(GoldenRoot.Entries.First(e => e.Name == name));
        else
            report.RanOn(level);
        var comparison = new Comparison();
        var watch = Stopwatch.StartNew();
        Kinds.RunnerOf(test.Kind)(new RunContext(test, Devices.Of(simd), comparison));
        report.Took($"{name} ({level})", watch.Elapsed.TotalMilliseconds);
        comparison.ThrowIfFailed($"{test.Name} ({test.Kind}, {level})");
        Assert.True(comparison.Compared > 0, $"{test.Name}: nothing was compared");
    }

    [Fact]
    public void Every_kind_is_known_and_every_listed_case_is_there()
    {
        Assert.NotEmpty(GoldenRoot.Entries);
        Assert.Empty(Kinds.Unknown(GoldenRoot.Entries));
        Assert.Empty(GoldenRoot.Missing());
    }
}
