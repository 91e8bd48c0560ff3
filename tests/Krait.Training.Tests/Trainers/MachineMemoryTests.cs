using Krait.Training.Execution;
using Xunit;

namespace Krait.Training.Tests.Trainers;

public sealed class MachineMemoryTests
{
    [Fact]
    public void The_limit_leaves_what_others_hold_and_the_goal_a_tenth_of_all_too()
    {
        var memory = new MachineMemory(2000, UsedBytes: 500, OwnBytes: 200);
        Assert.Equal(2000 - 300, memory.ProcessLimit);
        Assert.Equal(2000 - 300 - 200, memory.ProcessGoal);
        // Pages that several processes share count in each, so one may seem to hold more than all do.
        Assert.Equal(2000, new MachineMemory(2000, UsedBytes: 150, OwnBytes: 200).ProcessLimit);
    }

    [Fact]
    public void A_full_machine_still_lets_a_process_keep_what_it_holds()
    {
        var memory = new MachineMemory(2000, UsedBytes: 2000, OwnBytes: 200);
        Assert.Equal(200, memory.ProcessLimit);
        Assert.Equal(200, memory.ProcessGoal);
    }

    [Fact]
    public void What_the_machine_tells_is_possible()
    {
        MachineMemory now = MachineMemory.Now();
        Assert.InRange(now.UsedBytes, 1, now.TotalBytes);
        Assert.InRange(now.ProcessLimit, now.OwnBytes, now.TotalBytes);
    }
}
