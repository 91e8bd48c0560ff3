namespace Krait.Imaging.Tests;

/// <summary>Skipped, with a line, where neither the build nor the system has libvips.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsLibvipsFactAttribute : FactAttribute
{
    public NeedsLibvipsFactAttribute() => Skip = Libvips.IsAvailable ? null : "libvips is not here.";
}

/// <summary>As <see cref="NeedsLibvipsFactAttribute"/>, for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsLibvipsTheoryAttribute : TheoryAttribute
{
    public NeedsLibvipsTheoryAttribute() => Skip = Libvips.IsAvailable ? null : "libvips is not here.";
}
