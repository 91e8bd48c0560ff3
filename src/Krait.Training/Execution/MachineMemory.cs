namespace Krait.Training.Execution;

/// <summary>What this process may take of the machine's memory, or of the container's where one is set.</summary>
/// <param name="TotalBytes">Memory of the machine or container.</param>
/// <param name="UsedBytes">What all processes hold of it, this one included; caches that would be given back are not
/// counted.</param>
/// <param name="OwnBytes">What this process holds.</param>
public readonly record struct MachineMemory(long TotalBytes, long UsedBytes, long OwnBytes)
{
    /// <summary>One part in so many is left to what others take meanwhile, and to what the forecast misses.</summary>
    const int Reserve = 10;

    /// <summary>Most that this process can hold: total - (used - own), in bytes; at least what it holds.</summary>
    public long ProcessLimit => Math.Max(OwnBytes, TotalBytes - Math.Max(0, UsedBytes - OwnBytes));

    /// <summary>What it should hold where it has the choice: a tenth of all less.</summary>
    public long ProcessGoal => Math.Max(OwnBytes, ProcessLimit - (TotalBytes / Reserve));

    /// <summary>As it is now.</summary>
    public static MachineMemory Now()
    {
        GC.Collect(0);    // the runtime looks at the load whenever it collects
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.Any);
        return new MachineMemory(info.TotalAvailableMemoryBytes, info.MemoryLoadBytes, Environment.WorkingSet);
    }
}
