namespace Krait.Cli.Tests;

/// <summary>
/// The numbers from the published code, by the names that they have in this repository's copy: KRAIT_GOLDEN may name a
/// folder with other cases, so it plays no part here.
/// </summary>
static class GoldenFolder
{
    public static string PathOf(params string[] parts) => Repository.PathOf(["tests", "golden", .. parts]);
}
