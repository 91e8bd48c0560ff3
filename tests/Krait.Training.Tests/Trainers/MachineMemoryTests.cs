using Krait.Training.Execution;
using Xunit;

namespace Krait.Training.Tests.Trainers;

public sealed class MachineMemoryTests
{
    [Fact]
    public void The_limit_leaves_what_others_hold_and_a_twentieth_of_all()
    {
        Assert.Equal(2000 - 100 - 300, new MachineMemory(2000, UsedBytes: 500, OwnBytes: 200).ProcessLimit);
        // Pages that several processes share count in each, so one may seem to hold more than all do.
        Assert.Equal(2000 - 100, new MachineMemory(2000, UsedBytes: 150, OwnBytes: 200).ProcessLimit);
    }

    [Fact]
    public void A_full_machine_still_lets_a_process_keep_what_it_holds() =>
        Assert.Equal(200, new MachineMemory(2000, UsedBytes: 2000, OwnBytes: 200).ProcessLimit);

    [Fact]
    public void What_the_machine_tells_is_possible()
    {
        MachineMemory now = MachineMemory.Now();
        Assert.InRange(now.UsedBytes, 1, now.TotalBytes);
        Assert.InRange(now.ProcessLimit, now.OwnBytes, now.TotalBytes);
    }
}
