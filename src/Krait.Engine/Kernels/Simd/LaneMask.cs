using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Krait.Engine.Kernels.Simd;

/// <summary>Masks of the first n lanes, as a window into sixteen set words followed by sixteen empty ones.</summary>
public static unsafe class LaneMask
{
    const int MaxLanes = 16;

    /// <summary>Lies in the module's read-only data, so it neither moves nor needs to be made.</summary>
    static ReadOnlySpan<int> Words =>
    [
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>
    /// Fills the table before kernels are compiled: they then hold its address as a constant, without a check that
    /// would cost every masked access.
    /// </summary>
    public static void Prepare() => RuntimeHelpers.RunClassConstructor(typeof(LaneMask).TypeHandle);

    /// <summary>Load a whole register from here: its first <paramref name="n"/> lanes (0 to 16) are all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* First(int n) =>
        (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Words)) + MaxLanes - n;
}

/// <summary>
/// Registers of which the first lanes count. Whole ones take plain loads and stores: a masked store is not forwarded to
/// the load that reads it back.
/// </summary>
static unsafe class Part<L, V> where L : struct, ILanes<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* p, int lanes) => lanes == L.Count ? L.Load(p) : L.LoadFirst(p, lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V x, float* p, int lanes)
    {
        if (lanes == L.Count)
            L.Store(x, p);
        else
            L.StoreFirst(x, p, lanes);
    }

    /// <summary>x with 0 beyond the first lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Keep(V x, int lanes) => lanes == L.Count ? x : L.AndBits(x, L.Load(LaneMask.First(lanes)));
}
