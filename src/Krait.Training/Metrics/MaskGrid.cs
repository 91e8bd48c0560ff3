namespace Krait.Training.Metrics;

/// <summary>Where the elements of a mask lie: extents and spacings of its 2 or 3 axes,
/// the last one running fastest.</summary>
public sealed class MaskGrid
{
    /// <param name="dims">(H, W) or (D, H, W).</param>
    /// <param name="spacing">Distance of neighbours along each axis, such as millimetres; null: 1.</param>
    /// <exception cref="ArgumentException">If there are not 2 or 3 axes of at least 1 element, or a spacing is not
    /// positive.</exception>
    public MaskGrid(IReadOnlyList<int> dims, IReadOnlyList<double>? spacing = null)
    {
        Dims = [.. dims];
        Spacing = spacing is null ? [.. dims.Select(_ => 1.0)] : [.. spacing];
        if (Dims.Count is not (2 or 3) || Dims.Any(d => d < 1))
            throw new ArgumentException($"mask: 2 or 3 axes of at least 1 element; got [{string.Join(", ", dims)}].");
        if (Spacing.Count != Dims.Count || Spacing.Any(s => !(s > 0 && double.IsFinite(s))))
            throw new ArgumentException("mask: one positive spacing an axis; got "
                + $"[{string.Join(", ", Spacing)}] for [{string.Join(", ", dims)}].");
        Count = checked(Dims.Aggregate(1, (n, d) => checked(n * d)));
    }

    public IReadOnlyList<int> Dims { get; }
    public IReadOnlyList<double> Spacing { get; }

    /// <summary>Elements in all.</summary>
    public int Count { get; }

    /// <summary>Elements from one index of an axis to the next.</summary>
    public int Stride(int axis) => Dims.Skip(axis + 1).Aggregate(1, (n, d) => n * d);

    /// <exception cref="ArgumentException">If a mask has not as many elements.</exception>
    internal void Require(string what, params ReadOnlySpan<int> lengths)
    {
        foreach (int length in lengths)
            if (length != Count)
                throw new ArgumentException($"{what}: masks need {Count} elements, [{string.Join(", ", Dims)}]; got "
                    + $"{length}.");
    }
}
