namespace Krait.Tests;

/// <summary>A test on real files below KRAIT_SAMPLES; skipped, with a line on why, where that is not set.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class SamplesFactAttribute : FactAttribute
{
    public SamplesFactAttribute()
    {
        if (Root is null)
            Skip = "KRAIT_SAMPLES is not set: no real files to read.";
    }

    public static string? Root { get; } =
        Environment.GetEnvironmentVariable("KRAIT_SAMPLES") is { Length: > 0 } set && Directory.Exists(set)
            ? set : null;
}
