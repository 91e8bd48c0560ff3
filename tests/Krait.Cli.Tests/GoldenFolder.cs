namespace Krait.Cli.Tests;

/// <summary>The numbers from the published code; KRAIT_GOLDEN names another folder of the same layout.</summary>
static class GoldenFolder
{
    public static string PathOf(params string[] parts) =>
        Path.Combine([Environment.GetEnvironmentVariable("KRAIT_GOLDEN") is { Length: > 0 } folder
            ? folder : Repository.PathOf("tests", "golden"), .. parts]);
}
