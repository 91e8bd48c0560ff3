namespace Krait.Golden.Tests.Runners;

/// <summary>One number a spatial axis as depth, height, width.</summary>
internal static class Axes
{
    /// <summary>Axes that are not there get <paramref name="missing"/>.</summary>
    public static (T D, T H, T W) Triple<T>(T[] axes, T missing) => axes.Length switch
    {
        3 => (axes[0], axes[1], axes[2]),
        2 => (missing, axes[0], axes[1]),
        1 => (missing, missing, axes[0]),
        _ => throw new InvalidOperationException($"one to three axes; got {axes.Length}."),
    };
}
