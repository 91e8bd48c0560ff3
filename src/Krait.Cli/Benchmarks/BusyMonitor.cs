using System.Diagnostics;
using System.Globalization;

namespace Krait.Cli.Benchmarks;

/// <summary>How much of the machine others used meanwhile; known on Linux only.</summary>
sealed class BusyMonitor
{
    const double TicksPerSecond = 100;
    const string Statistics = "/proc/stat";

    readonly double _startBusy = BusySeconds();
    readonly double _startOwn = OwnSeconds();
    readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Share of all cores that other processes took since the start; null where it cannot be known.</summary>
    public double? OthersShare()
    {
        double elapsed = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        if (double.IsNaN(_startBusy) || elapsed < 0.05)
            return null;
        double others = BusySeconds() - _startBusy - (OwnSeconds() - _startOwn);
        return Math.Clamp(others / (elapsed * Environment.ProcessorCount), 0, 1);
    }

    /// <summary>Processor seconds of all processes: user, nice, system, interrupts and what a host stole.</summary>
    static double BusySeconds()
    {
        if (!File.Exists(Statistics))
            return double.NaN;
        string[] fields = File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] busy = [1, 2, 3, 6, 7, 8];
        return busy.Where(i => i < fields.Length)
            .Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    static double OwnSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }
}
