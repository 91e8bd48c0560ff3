namespace Krait.Training.Tests;

/// <summary>A test on real pictures below KRAIT_SAMPLES; skipped with a line where that is not set.</summary>
internal sealed class SamplesFactAttribute : FactAttribute
{
    public SamplesFactAttribute()
    {
        if (Samples.Root is null) Skip = "KRAIT_SAMPLES is not set.";
    }
}

internal static class Samples
{
    public static string? Root { get; } =
        Environment.GetEnvironmentVariable("KRAIT_SAMPLES") is { Length: > 0 } set && Directory.Exists(set)
        ? set : null;
}
