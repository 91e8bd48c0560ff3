using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>y = f(a, b) element by element; b may be one number a row (a column) or one row for all rows.</summary>
/// <remarks>
/// Lanes run along a row; the remainder is a masked register. Every function is one rounded operation.
/// </remarks>
public static unsafe class Binary<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <param name="bStride">Floats between rows of b; 0 uses one row for all.</param>
    /// <param name="bIsColumn">b has one number a row.</param>
    public static void Forward(BinaryKind kind, float* a, long aStride, float* b, long bStride, bool bIsColumn,
        long rows, long width, float* y, long yStride)
    {
        switch (kind)
        {
            case BinaryKind.Add:
                Rows<AddFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            case BinaryKind.Sub:
                Rows<SubtractFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            case BinaryKind.Mul:
                Rows<MultiplyFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            case BinaryKind.Div:
                Rows<DivideFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            case BinaryKind.Max:
                Rows<MaximumFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            case BinaryKind.Min:
                Rows<MinimumFunction>(a, aStride, b, bStride, bIsColumn, rows, width, y, yStride);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    /// <summary>y = x + scale * f: the residual branch under stochastic depth.</summary>
    public static void AddScaled(float* x, long xStride, float* f, long fStride, float scale, long rows, long width,
        float* y, long yStride)
    {
        V s = L.Set(scale);
        for (long r = 0; r < rows; r++, x += xStride, f += fStride, y += yStride)
        {
            long i = 0;
            for (; i + L.Count <= width; i += L.Count)
                L.Store(L.Fma(s, L.Load(f + i), L.Load(x + i)), y + i);
            int rest = (int)(width - i);
            if (rest > 0)
                L.StoreFirst(L.Fma(s, L.LoadFirst(f + i, rest), L.LoadFirst(x + i, rest)), y + i, rest);
        }
    }

    static void Rows<F>(float* a, long aStride, float* b, long bStride, bool bIsColumn, long rows, long width,
        float* y, long yStride) where F : struct, IBinaryFunction
    {
        for (long r = 0; r < rows; r++, a += aStride, b += bStride, y += yStride)
            if (bIsColumn)
                WithNumber<F>(a, *b, width, y);
            else
                WithRow<F>(a, b, width, y);
    }

    static void WithRow<F>(float* a, float* b, long width, float* y) where F : struct, IBinaryFunction
    {
        long i = 0;
        for (; i + L.Count <= width; i += L.Count)
            L.Store(F.Apply<L, V>(L.Load(a + i), L.Load(b + i)), y + i);
        int rest = (int)(width - i);
        if (rest > 0)
            L.StoreFirst(F.Apply<L, V>(L.LoadFirst(a + i, rest), L.LoadFirst(b + i, rest)), y + i, rest);
    }

    static void WithNumber<F>(float* a, float b, long width, float* y) where F : struct, IBinaryFunction
    {
        V v = L.Set(b);
        long i = 0;
        for (; i + L.Count <= width; i += L.Count)
            L.Store(F.Apply<L, V>(L.Load(a + i), v), y + i);
        int rest = (int)(width - i);
        if (rest > 0)
            L.StoreFirst(F.Apply<L, V>(L.LoadFirst(a + i, rest), v), y + i, rest);
    }
}

/// <summary>One function of two operands over lanes.</summary>
interface IBinaryFunction
{
    static abstract V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct;
}

readonly struct AddFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct => L.Add(a, b);
}

readonly struct SubtractFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct => L.Sub(a, b);
}

readonly struct MultiplyFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct => L.Mul(a, b);
}

readonly struct DivideFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct => L.Div(a, b);
}

/// <summary>NaN in either operand gives NaN, as in the reference framework: Max keeps one that stands second.</summary>
readonly struct MaximumFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct =>
        L.Select(L.EqualTo(a, a), L.Max(a, b), a);
}

/// <summary>NaN in either operand gives NaN, as in the reference framework: Min keeps one that stands second.</summary>
readonly struct MinimumFunction : IBinaryFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<L, V>(V a, V b) where L : struct, ILanes<V> where V : struct =>
        L.Select(L.EqualTo(a, a), L.Min(a, b), a);
}
