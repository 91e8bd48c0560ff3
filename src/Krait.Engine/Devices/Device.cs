namespace Krait.Engine.Devices;

/// <summary>
/// What runs ops: coarse calls on <see cref="Rows"/> (a whole convolution, a whole scan), one file per noun. Ops know
/// only this class, never which device stands behind it.
/// </summary>
public abstract partial class Device : IDisposable
{
    /// <summary>Threads, or the like, that share the work. Results do not depend on it.</summary>
    public abstract int Threads { get; }

    /// <summary>The instruction set or chip, for reports.</summary>
    public abstract string Description { get; }

    /// <summary>Scratch memory beyond the plan's arena, in bytes, as grown so far.</summary>
    public abstract long ScratchBytes { get; }

    public abstract void Dispose();
}
