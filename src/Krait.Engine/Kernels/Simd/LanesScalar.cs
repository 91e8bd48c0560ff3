using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Krait.Engine.Kernels.Simd;

/// <summary>One lane: the path for machines without vectors, and the plain meaning of every kernel.</summary>
public readonly unsafe struct LanesScalar : ILanes<float>
{
    public static int Count => 1;
    public static bool HasManyRegisters => false;
    public static float Zero => 0f;
    public static float Set(float x) => x;
    public static float Load(float* p) => *p;
    public static void Store(float x, float* p) => *p = x;
    public static float LoadFirst(float* p, int n) => n > 0 ? *p : 0f;

    public static void StoreFirst(float x, float* p, int n)
    {
        if (n > 0)
            *p = x;
    }

    public static float Add(float a, float b) => a + b;
    public static float Sub(float a, float b) => a - b;
    public static float Mul(float a, float b) => a * b;
    public static float Div(float a, float b) => a / b;
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
    public static float FmaNegated(float a, float b, float c) => MathF.FusedMultiplyAdd(-a, b, c);
    public static float Min(float a, float b) => a < b ? a : b;
    public static float Max(float a, float b) => a > b ? a : b;
    public static float Abs(float a) => MathF.Abs(a);
    public static float Negate(float a) => -a;
    public static float Sqrt(float a) => MathF.Sqrt(a);
    public static float Round(float a) => MathF.Round(a, MidpointRounding.ToEven);
    public static float Greater(float a, float b) => Mask(a > b);
    public static float EqualTo(float a, float b) => Mask(a == b);
    public static float Select(float mask, float a, float b) => Bits(mask) != 0 ? a : b;
    public static float AndBits(float a, float b) => FromBits(Bits(a) & Bits(b));
    public static float OrBits(float a, float b) => FromBits(Bits(a) | Bits(b));
    public static float AddBits(float a, float b) => FromBits(unchecked(Bits(a) + Bits(b)));
    public static float SetBits(int x) => FromBits(x);
    public static float ShiftLeftBits(float a, int n) => FromBits(Bits(a) << n);
    public static float ShiftRightBits(float a, int n) => FromBits(Bits(a) >> n);
    public static float ToIntBits(float a) => FromBits((int)a);
    public static float RoundToIntBits(float a) => FromBits((int)MathF.Round(a, MidpointRounding.ToEven));
    public static float FromIntBits(float a) => Bits(a);
    public static float Sum(float a) => a;
    public static Vector128<float> SumEach(float a, float b, float c, float d) => Vector128.Create(a, b, c, d);
    public static float MaxLane(float a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Bits(float x) => BitConverter.SingleToInt32Bits(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float FromBits(int x) => BitConverter.Int32BitsToSingle(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Mask(bool x) => FromBits(x ? -1 : 0);
}
