using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Devices;

/// <summary>Chooses the CPU device for the instruction set of this machine.</summary>
public static class CpuDevice
{
    /// <param name="threads">Threads in all; 0 takes the number of processors.</param>
    /// <param name="level">Instruction set; null reads KRAIT_SIMD, or takes the widest.</param>
    public static Device Create(int threads = 0, SimdLevel? level = null)
    {
        int count = threads > 0 ? threads : Environment.ProcessorCount;
        LaneMask.Prepare();
        return (level ?? SimdLevels.Choose(Environment.GetEnvironmentVariable(SimdLevels.Variable))) switch
        {
            SimdLevel.Vector512 => new CpuDevice<Lanes512, Vector512<float>>(count, SimdLevel.Vector512),
            SimdLevel.Vector256 => new CpuDevice<Lanes256, Vector256<float>>(count, SimdLevel.Vector256),
            SimdLevel.Vector128 => new CpuDevice<Lanes128, Vector128<float>>(count, SimdLevel.Vector128),
            _ => new CpuDevice<LanesScalar, float>(count, SimdLevel.Scalar),
        };
    }
}

/// <summary>The CPU with one instruction set: spreads kernels over the pool in chunks fixed by shape.</summary>
public sealed unsafe partial class CpuDevice<L, V> : Device
    where L : struct, ILanes<V>
    where V : struct
{
    readonly WorkerPool _pool;
    readonly SimdLevel _level;

    internal CpuDevice(int threads, SimdLevel level)
    {
        _pool = new WorkerPool(threads);
        _level = level;
    }

    public override int Threads => _pool.Threads;
    public override string Description => $"CPU {_level} x {Threads}";
    public override long ScratchBytes => _pool.ScratchBytes + _partials.Values.Sum(w => w.ScratchBytes);

    public override void Dispose()
    {
        _pool.Dispose();
        FreePartials();
    }

    /// <summary>Number of chunks of <paramref name="size"/> in <paramref name="count"/>.</summary>
    static int Chunks(long count, long size) => checked((int)((count + size - 1) / size));
}
