namespace Krait.Tests;

/// <summary>Where the sources and the golden cases lie.</summary>
static class Repository
{
    public const string GoldenVariable = "KRAIT_GOLDEN";

    public static string Root { get; } = FindRoot();

    /// <summary>The golden cases: KRAIT_GOLDEN, else tests/golden.</summary>
    public static string Golden { get; } =
        Environment.GetEnvironmentVariable(GoldenVariable) is { Length: > 0 } set
            ? Path.GetFullPath(set, Root) : PathOf("tests", "golden");

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    static string FindRoot()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
            if (File.Exists(Path.Combine(d.FullName, "Krait.slnx")))
                return d.FullName;
        throw new DirectoryNotFoundException($"Krait.slnx: not found above {AppContext.BaseDirectory}.");
    }
}
