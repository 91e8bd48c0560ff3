using System.Diagnostics;
using Krait.Engine.Devices;
using Krait.Engine.Kernels;
using Krait.Engine.Kernels.Simd;

namespace Krait.Cli.Benchmarks;

/// <summary>What this machine can do at best, measured now.</summary>
/// <param name="FlopsPerSecond">Fused multiply-adds in registers, two operations each.</param>
/// <param name="BytesPerSecond">y = a + s b from and to memory, three arrays counted.</param>
/// <param name="ExpsPerSecond">Exponentials from and to the first-level cache.</param>
readonly record struct MachineLimits(double FlopsPerSecond, double BytesPerSecond, double ExpsPerSecond)
{
    /// <summary>The better of two measurements, limit by limit.</summary>
    public MachineLimits Best(MachineLimits other) => new(
        Math.Max(FlopsPerSecond, other.FlopsPerSecond),
        Math.Max(BytesPerSecond, other.BytesPerSecond),
        Math.Max(ExpsPerSecond, other.ExpsPerSecond));
}

/// <summary>
/// Samples the limits in turn, a few milliseconds each, on all threads at once; the best sample counts, since whatever
/// else runs can only slow one down. Sampling goes on between the benchmarks of one run, so both see the same clock.
/// </summary>
sealed unsafe class LimitProbe : IDisposable
{
    const int StreamFloats = 8 << 20;
    const int CacheFloats = 2048;
    const long FmaRounds = 1_000_000;
    const int ExpRepeats = 2000;

    readonly SimdLevel _level;
    readonly int _threads;
    readonly NativeBuffer _memory;
    readonly NativeBuffer _cache;

    public LimitProbe(SimdLevel level, int threads)
    {
        _level = level;
        _threads = threads;
        _memory = new NativeBuffer(3 * StreamFloats);
        _cache = new NativeBuffer(threads * 2 * CacheFloats);
        _memory.Span(0, 3 * StreamFloats).Fill(1f);    // pages that nobody wrote to are one page of zeros
    }

    /// <summary>The best of all samples so far.</summary>
    public MachineLimits Best { get; private set; }

    /// <summary>Takes one sample of each limit.</summary>
    public void Sample()
    {
        long part = StreamFloats / _threads / 64 * 64;
        double fma = SecondsOnAll(_ => MachineProbes.MultiplyAdd(_level, FmaRounds));
        double triad = SecondsOnAll(t =>
        {
            float* a = _memory.Pointer + (t * part);
            MachineProbes.Triad(_level, a, a + StreamFloats, part, a + (2 * StreamFloats));
        });
        double exp = SecondsOnAll(t =>
        {
            float* x = _cache.Pointer + (t * 2 * CacheFloats);
            for (int i = 0; i < ExpRepeats; i++)
                MachineProbes.Exp(_level, x, CacheFloats, x + CacheFloats);
        });
        Best = Best.Best(new MachineLimits(
            _threads * MachineProbes.FlopsOf(_level, FmaRounds) / fma,
            _threads * part * 3.0 * sizeof(float) / triad,
            _threads * (double)ExpRepeats * CacheFloats / exp));
    }

    /// <summary>Takes <paramref name="count"/> samples.</summary>
    public void Sample(int count)
    {
        for (int i = 0; i < count; i++)
            Sample();
    }

    public void Dispose()
    {
        _memory.Dispose();
        _cache.Dispose();
    }

    /// <summary>Seconds from the common start to the last finish.</summary>
    double SecondsOnAll(Action<int> work)
    {
        if (_threads == 1)
        {
            long alone = Stopwatch.GetTimestamp();
            work(0);
            return Stopwatch.GetElapsedTime(alone).TotalSeconds;
        }
        using var barrier = new Barrier(_threads);
        var ends = new long[_threads];
        var starts = new long[_threads];
        var threads = new Thread[_threads];
        for (int t = 0; t < _threads; t++)
        {
            int index = t;
            threads[t] = new Thread(() =>
            {
                barrier.SignalAndWait();
                starts[index] = Stopwatch.GetTimestamp();
                work(index);
                ends[index] = Stopwatch.GetTimestamp();
            });
            threads[t].Start();
        }
        foreach (Thread thread in threads)
            thread.Join();
        return (ends.Max() - starts.Min()) / (double)Stopwatch.Frequency;
    }
}
