using System.Collections.Immutable;

namespace Krait.Engine;

/// <summary>
/// The extent of a value, channels last: [B, H, W, C], [B, D, H, W, C], [B, L, C] or [C]. The engine sees any value
/// as <see cref="Rows"/> rows of <see cref="Width"/> numbers.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    readonly ImmutableArray<int> _dims;

    public Shape(params ReadOnlySpan<int> dims)
    {
        ShapeException.Require(dims.Length > 0, "shape", "needs at least one axis", "none");
        foreach (int d in dims)
            ShapeException.Require(d > 0, "shape", "every axis is at least 1", string.Join(" x ", dims.ToArray()));
        _dims = [.. dims];
    }

    public ImmutableArray<int> Dims => _dims.IsDefault ? [] : _dims;
    public int Rank => Dims.Length;

    /// <summary>The last axis: channels.</summary>
    public int Width => Dims[^1];

    /// <summary>All axes but the last, multiplied.</summary>
    public long Rows => Count / Width;

    public long Count
    {
        get
        {
            long n = 1;
            foreach (int d in Dims)
                n *= d;
            return n;
        }
    }

    /// <summary>The first axis: samples.</summary>
    public int Batch => Dims[0];

    /// <summary>Rows of one sample.</summary>
    public long RowsPerSample => Rank == 1 ? 1 : Rows / Dims[0];

    public int this[Index i] => Dims[i];

    /// <summary>Depth, height, width of [B, (D,) (H,) W, C]; missing axes are 1.</summary>
    public (int D, int H, int W) Spatial => Rank switch
    {
        5 => (Dims[1], Dims[2], Dims[3]),
        4 => (1, Dims[1], Dims[2]),
        3 => (1, 1, Dims[1]),
        _ => (1, 1, 1),
    };

    /// <summary>The same axes with another number of channels.</summary>
    public Shape WithWidth(int width) => new([.. Dims[..^1], width]);

    /// <summary>[B, spatial..., C] of the same rank with other spatial extents.</summary>
    public Shape WithSpatial(int d, int h, int w) => Rank switch
    {
        5 => new(Dims[0], d, h, w, Width),
        4 => new(Dims[0], h, w, Width),
        3 => new(Dims[0], w, Width),
        _ => throw new ShapeException($"shape: only [B, spatial..., C] has spatial axes; got {this}."),
    };

    public bool Equals(Shape other) => Dims.AsSpan().SequenceEqual(other.Dims.AsSpan());
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int d in Dims)
            hash.Add(d);
        return hash.ToHashCode();
    }

    public static bool operator ==(Shape a, Shape b) => a.Equals(b);
    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);
    public override string ToString() => $"[{string.Join(", ", Dims)}]";
}
