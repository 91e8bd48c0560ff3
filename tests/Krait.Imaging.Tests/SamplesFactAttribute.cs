namespace Krait.Imaging.Tests;

/// <summary>A test on real files; without KRAIT_SAMPLES it is skipped, with a line that says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SamplesFactAttribute : FactAttribute
{
    public SamplesFactAttribute()
    {
        if (Root is null)
        {
            Skip = "KRAIT_SAMPLES is not set: no real pictures to read.";
        }
    }

    public static string? Root =>
        Environment.GetEnvironmentVariable("KRAIT_SAMPLES") is { Length: > 0 } set ? set : null;
}
