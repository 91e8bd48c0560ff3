using System.Runtime.Intrinsics;

namespace Krait.Engine.Kernels.Simd;

/// <summary>
/// One vector register of float32 lanes. A kernel is written once as <c>Kernel&lt;L, V&gt;</c> with
/// <c>L : ILanes&lt;V&gt;</c>; the JIT makes one body for each register type <typeparamref name="V"/>.
/// </summary>
/// <remarks>
/// Arithmetic is IEEE float32; <see cref="Fma"/> rounds once on every set. Min and Max return the second operand
/// when a lane is NaN on x86 (native semantics); kernels that must propagate NaN say so and do not rely on them.
/// Methods that end in Bits treat the lanes as int32.
/// </remarks>
public unsafe interface ILanes<V> where V : struct
{
    /// <summary>Lanes in a register: 16, 8, 4 or 1.</summary>
    static abstract int Count { get; }

    /// <summary>True where 32 registers are there, so that a micro-kernel may hold 28 accumulators.</summary>
    static abstract bool HasManyRegisters { get; }

    static abstract V Zero { get; }
    static abstract V Set(float x);
    static abstract V Load(float* p);
    static abstract void Store(V x, float* p);

    /// <summary>Loads the first <paramref name="n"/> lanes (0 &lt;= n &lt;= Count), the others are 0;
    /// touches no more.</summary>
    static abstract V LoadFirst(float* p, int n);

    /// <summary>Stores the first <paramref name="n"/> lanes (0 &lt;= n &lt;= Count); touches no more.</summary>
    static abstract void StoreFirst(V x, float* p, int n);

    static abstract V Add(V a, V b);
    static abstract V Sub(V a, V b);
    static abstract V Mul(V a, V b);
    static abstract V Div(V a, V b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>c - a * b, rounded once.</summary>
    static abstract V FmaNegated(V a, V b, V c);

    static abstract V Min(V a, V b);
    static abstract V Max(V a, V b);
    static abstract V Abs(V a);
    static abstract V Negate(V a);
    static abstract V Sqrt(V a);

    /// <summary>To the nearest whole number, ties to even.</summary>
    static abstract V Round(V a);

    /// <summary>All bits set in lanes where a &gt; b, else none.</summary>
    static abstract V Greater(V a, V b);

    /// <summary>All bits set in lanes where a == b, else none (so NaN gives none for a == a).</summary>
    static abstract V EqualTo(V a, V b);

    /// <summary>Lanes of <paramref name="a"/> where the mask's bits are set, else of <paramref name="b"/>.</summary>
    static abstract V Select(V mask, V a, V b);

    static abstract V AndBits(V a, V b);
    static abstract V OrBits(V a, V b);
    static abstract V AddBits(V a, V b);
    static abstract V SetBits(int x);
    static abstract V ShiftLeftBits(V a, int n);
    static abstract V ShiftRightBits(V a, int n);

    /// <summary>int32 lanes (as bits) from float lanes; the value must be whole and within int32.</summary>
    static abstract V ToIntBits(V a);

    /// <summary>int32 lanes (as bits) of the nearest whole numbers, ties to even; must be within int32.</summary>
    static abstract V RoundToIntBits(V a);

    /// <summary>Float lanes from int32 lanes (as bits).</summary>
    static abstract V FromIntBits(V a);

    /// <summary>Sum of all lanes in a fixed order for this register type.</summary>
    static abstract float Sum(V a);

    /// <summary>The sums of the lanes of four registers, side by side; a fixed order for this register type.</summary>
    static abstract Vector128<float> SumEach(V a, V b, V c, V d);

    /// <summary>Largest lane.</summary>
    static abstract float MaxLane(V a);
}
