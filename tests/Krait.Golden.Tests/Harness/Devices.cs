using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Golden.Tests.Harness;

/// <summary>One device an instruction set, shared by all cases.</summary>
internal static class Devices
{
    static readonly Dictionary<SimdLevel, Device> Made = [];

    /// <summary>What users get: the widest, or what KRAIT_SIMD says.</summary>
    public static SimdLevel Default { get; } =
        SimdLevels.Choose(Environment.GetEnvironmentVariable(SimdLevels.Variable));

    /// <summary>The other instruction sets; none when one is forced, for then each has a run of its own.</summary>
    public static IEnumerable<SimdLevel> Others =>
        Environment.GetEnvironmentVariable(SimdLevels.Variable) is { Length: > 0 }
            ? []
            : SimdLevels.Available.Where(level => level != Default);

    /// <summary>Two threads for the default; one for the others, since results do not depend on it.</summary>
    public static Device Of(SimdLevel level)
    {
        if (!Made.TryGetValue(level, out Device? device))
            Made.Add(level, device = CpuDevice.Create(level == Default ? 2 : 1, level));
        return device;
    }
}
