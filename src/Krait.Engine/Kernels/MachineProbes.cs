using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

/// <summary>Loops that reach a limit of the machine, so that kernels can be judged against it.</summary>
public static unsafe class MachineProbes
{
    /// <summary>Floating-point operations of one call of <see cref="MultiplyAdd"/>:
    /// two for each lane and each FMA.</summary>
    public static double FlopsOf(SimdLevel level, long rounds) => 2.0 * rounds * MachineProbe.Chains * LanesOf(level);

    /// <summary>Independent chains of fused multiply-adds, enough to hide their latency.</summary>
    public static float MultiplyAdd(SimdLevel level, long rounds) => level switch
    {
        SimdLevel.Vector512 => MachineProbe<Lanes512, Vector512<float>>.MultiplyAdd(rounds),
        SimdLevel.Vector256 => MachineProbe<Lanes256, Vector256<float>>.MultiplyAdd(rounds),
        SimdLevel.Vector128 => MachineProbe<Lanes128, Vector128<float>>.MultiplyAdd(rounds),
        _ => MachineProbe<LanesScalar, float>.MultiplyAdd(rounds),
    };

    /// <summary>y = a + 0.5 b over <paramref name="count"/> floats, a multiple of 64:
    /// three streams of memory.</summary>
    public static void Triad(SimdLevel level, float* a, float* b, long count, float* y)
    {
        switch (level)
        {
            case SimdLevel.Vector512: MachineProbe<Lanes512, Vector512<float>>.Triad(a, b, count, y); break;
            case SimdLevel.Vector256: MachineProbe<Lanes256, Vector256<float>>.Triad(a, b, count, y); break;
            case SimdLevel.Vector128: MachineProbe<Lanes128, Vector128<float>>.Triad(a, b, count, y); break;
            default: MachineProbe<LanesScalar, float>.Triad(a, b, count, y); break;
        }
    }

    /// <summary>y = e^x over <paramref name="count"/> floats, a multiple of 64.</summary>
    public static void Exp(SimdLevel level, float* x, long count, float* y)
    {
        switch (level)
        {
            case SimdLevel.Vector512: MachineProbe<Lanes512, Vector512<float>>.Exp(x, count, y); break;
            case SimdLevel.Vector256: MachineProbe<Lanes256, Vector256<float>>.Exp(x, count, y); break;
            case SimdLevel.Vector128: MachineProbe<Lanes128, Vector128<float>>.Exp(x, count, y); break;
            default: MachineProbe<LanesScalar, float>.Exp(x, count, y); break;
        }
    }

    static int LanesOf(SimdLevel level) => level switch
    {
        SimdLevel.Vector512 => 16,
        SimdLevel.Vector256 => 8,
        SimdLevel.Vector128 => 4,
        _ => 1,
    };
}

static class MachineProbe
{
    /// <summary>Chains of FMAs: latency 4 on two ports needs 8; 12 leave 4 of 16 registers for operands.</summary>
    internal const int Chains = 12;
}

static unsafe class MachineProbe<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float MultiplyAdd(long rounds)
    {
        // x -> 0.5 x + 0.25 stays near 0.5: neither overflow nor denormals slow the chains.
        V m = L.Set(0.5f), c = L.Set(0.25f);
        V x0 = L.Set(0f), x1 = L.Set(1f), x2 = L.Set(2f), x3 = L.Set(3f), x4 = L.Set(4f), x5 = L.Set(5f);
        V x6 = L.Set(6f), x7 = L.Set(7f), x8 = L.Set(8f), x9 = L.Set(9f), x10 = L.Set(10f), x11 = L.Set(11f);
        for (long i = 0; i < rounds; i++)
        {
            x0 = L.Fma(x0, m, c);
            x1 = L.Fma(x1, m, c);
            x2 = L.Fma(x2, m, c);
            x3 = L.Fma(x3, m, c);
            x4 = L.Fma(x4, m, c);
            x5 = L.Fma(x5, m, c);
            x6 = L.Fma(x6, m, c);
            x7 = L.Fma(x7, m, c);
            x8 = L.Fma(x8, m, c);
            x9 = L.Fma(x9, m, c);
            x10 = L.Fma(x10, m, c);
            x11 = L.Fma(x11, m, c);
        }
        V low = L.Add(L.Add(L.Add(x0, x1), L.Add(x2, x3)), L.Add(x4, x5));
        V high = L.Add(L.Add(L.Add(x6, x7), L.Add(x8, x9)), L.Add(x10, x11));
        return L.Sum(L.Add(low, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Triad(float* a, float* b, long count, float* y)
    {
        V half = L.Set(0.5f);
        for (long i = 0; i < count; i += 2 * L.Count)
        {
            V first = L.Fma(L.Load(b + i), half, L.Load(a + i));
            V second = L.Fma(L.Load(b + i + L.Count), half, L.Load(a + i + L.Count));
            L.Store(first, y + i);
            L.Store(second, y + i + L.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Exp(float* x, long count, float* y)
    {
        for (long i = 0; i < count; i += 2 * L.Count)
        {
            V first = VectorMath<L, V>.Exp(L.Load(x + i));
            V second = VectorMath<L, V>.Exp(L.Load(x + i + L.Count));
            L.Store(first, y + i);
            L.Store(second, y + i + L.Count);
        }
    }
}
