using System.Collections.Immutable;

namespace Krait.Engine.Programs;

/// <summary>What a tensor of the store is for.</summary>
public enum ParameterKind
{
    /// <summary>Learned: has a gradient and optimizer state.</summary>
    Weight,

    /// <summary>Running statistics and the like: saved, never learned.</summary>
    State,

    /// <summary>A whole number that grows, one element here; a scalar of int64 in checkpoints.</summary>
    Counter,
}

/// <summary>
/// A named tensor of a model. Its name and <see cref="CheckpointShape"/> are those of the published checkpoint;
/// the engine holds it with its axes permuted (for example a convolution's OIHW as HWIO).
/// </summary>
public sealed class Parameter
{
    internal Parameter(string name, ParameterKind kind, Shape checkpointShape, int[]? permutation, Initializer init)
    {
        Name = name;
        Kind = kind;
        CheckpointShape = checkpointShape;
        Permutation = permutation is null ? [] : [.. permutation];
        Init = init;
        Shape = permutation is null
            ? checkpointShape
            : new Shape([.. permutation.Select(axis => checkpointShape.Dims[axis])]);
    }

    public string Name { get; }
    public ParameterKind Kind { get; }
    public Shape CheckpointShape { get; }

    /// <summary>Engine axis i is checkpoint axis Permutation[i]; empty where both are the same.</summary>
    public ImmutableArray<int> Permutation { get; }

    /// <summary>The engine's shape.</summary>
    public Shape Shape { get; }

    /// <summary>Fills a fresh tensor, in checkpoint order.</summary>
    public Initializer Init { get; }

    /// <summary>False while frozen: no gradient, no optimizer step.</summary>
    public bool Trainable { get; set; } = true;

    /// <summary>Where it lies in the store's arena of its kind, in floats.</summary>
    public long Offset { get; internal set; }

    /// <summary>Engine order from checkpoint order.</summary>
    public void ToEngine(ReadOnlySpan<float> checkpoint, Span<float> engine) => Permute(checkpoint, engine, true);

    /// <summary>Checkpoint order from engine order.</summary>
    public void ToCheckpoint(ReadOnlySpan<float> engine, Span<float> checkpoint) => Permute(engine, checkpoint, false);

    void Permute(ReadOnlySpan<float> source, Span<float> target, bool toEngine)
    {
        ShapeException.Require(source.Length == Shape.Count && target.Length == Shape.Count, Name,
            $"holds {Shape.Count} numbers", source.Length, target.Length);
        if (Permutation.IsEmpty)
        {
            source.CopyTo(target);
            return;
        }
        int rank = Shape.Rank;
        Span<int> checkpointStrides = stackalloc int[rank];
        for (int axis = rank - 1, stride = 1; axis >= 0; stride *= CheckpointShape[axis], axis--)
            checkpointStrides[axis] = stride;
        Span<int> index = stackalloc int[rank];
        index.Clear();
        for (int engine = 0; engine < Shape.Count; engine++)
        {
            int checkpoint = 0;
            for (int i = 0; i < rank; i++)
                checkpoint += index[i] * checkpointStrides[Permutation[i]];
            if (toEngine)
                target[engine] = source[checkpoint];
            else
                target[checkpoint] = source[engine];
            for (int i = rank - 1; i >= 0 && ++index[i] == Shape[i]; i--)
                index[i] = 0;
        }
    }

    public override string ToString() => $"{Name} {CheckpointShape}";
}

/// <summary>
/// Writes the starting values of a parameter in checkpoint order. <paramref name="seed"/> is the run's seed; draws are
/// keyed by (seed, name, element), so they do not depend on the order of construction.
/// </summary>
public delegate void Initializer(ulong seed, Parameter parameter, Span<float> values);
