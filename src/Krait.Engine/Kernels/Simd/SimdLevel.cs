using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Krait.Engine.Kernels.Simd;

/// <summary>The instruction sets that kernels are compiled for, narrowest first.</summary>
public enum SimdLevel
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}

/// <summary>Chooses the instruction set once: the widest that this machine has, or what KRAIT_SIMD names.</summary>
public static class SimdLevels
{
    /// <summary>The environment variable that forces a set: avx512, avx2, 128 or scalar.</summary>
    public const string Variable = "KRAIT_SIMD";

    /// <summary>All sets that this machine has, widest first.</summary>
    public static IReadOnlyList<SimdLevel> Available { get; } = FindAvailable();

    /// <summary>Reads <see cref="Variable"/>; the widest set where it is unset.</summary>
    /// <exception cref="ArgumentException">The variable names no set, or one that this machine lacks.</exception>
    public static SimdLevel Choose(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
            return Available[0];
        SimdLevel level = name.Trim().ToLowerInvariant() switch
        {
            "avx512" or "512" => SimdLevel.Vector512,
            "avx2" or "256" => SimdLevel.Vector256,
            "128" or "sse" or "neon" => SimdLevel.Vector128,
            "scalar" => SimdLevel.Scalar,
            _ => throw new ArgumentException(
                $"{Variable}: must be avx512, avx2, 128 or scalar; got '{name}'. Unset it to take the widest."),
        };
        if (!Available.Contains(level))
            throw new ArgumentException(
                $"{Variable}: this machine has {string.Join(", ", Available)}; got '{name}'. Unset it.");
        return level;
    }

    static List<SimdLevel> FindAvailable()
    {
        var levels = new List<SimdLevel>();
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
            levels.Add(SimdLevel.Vector512);
        if (Vector256.IsHardwareAccelerated && Fma.IsSupported)
            levels.Add(SimdLevel.Vector256);
        if (Vector128.IsHardwareAccelerated && (Fma.IsSupported || AdvSimd.IsSupported))
            levels.Add(SimdLevel.Vector128);
        levels.Add(SimdLevel.Scalar);
        return levels;
    }
}
